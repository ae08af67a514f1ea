// The only door to the server. Every failure becomes an ApiError with one readable line.

export class ApiError extends Error {
  constructor(message, { code = "failed" } = {}) {
    super(message);
    this.code = code;
  }
}

/** Folded rows, one per record, in order. */
export async function fold(records, options, { signal } = {}) {
  const answer = await post("/api/fold", { records, ...options, layout: true }, { signal });
  return answer.records;
}

/** Energy, layout and pairs of a structure that the user wrote. */
export async function judgeStructure(sequence, dotBracket, { signal } = {}) {
  const answer = await post("/api/structure", { sequence, dot_bracket: dotBracket }, { signal });
  if (answer.error) throw new ApiError(answer.error);
  return answer;
}

/** A record in another format, as a Blob and the file name that the server gave it. */
export async function convert(request, format) {
  const response = await send("/api/convert", { ...request, format });
  const disposition = response.headers.get("Content-Disposition") ?? "";
  const name = /filename="([^"]+)"/.exec(disposition)?.[1] ?? `rna.${format}`;
  return { blob: await whole(response.blob()), name };
}

/** One of the other verbs for one record: its row, or of a scan one row per variant; `onRow` hears how many there are. */
export async function ask(verb, record, { signal, onRow = () => {} } = {}) {
  const response = await send(`/api/${verb}`, { records: [record] }, signal, { Accept: "application/x-ndjson" });
  const rows = [];
  for await (const line of lines(response.body)) onRow(rows.push(JSON.parse(line)));
  if (rows.length === 1 && rows[0].error) throw new ApiError(rows[0].error);
  return rows;
}

export const examples = () => get("/api/examples");
/** Versions of mprna and ViennaRNA. */
export const version = () => get("/api/version");

/** Names of the verbs that this server has, read off its OpenAPI document. */
export async function verbs() {
  const { paths } = await get("/api/openapi.json");
  return new Set(Object.keys(paths).map((path) => path.replace("/api/", "")));
}

async function get(path) {
  return whole((await request(path, {})).json());
}

async function post(path, body, { signal } = {}) {
  return whole((await send(path, body, signal)).json());
}

/** The content of an answer, which may break off. */
const whole = (content) => content.catch((error) => Promise.reject(failure(error)));

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await whole(reader.read());
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

function send(path, body, signal, accept = {}) {
  const headers = { "Content-Type": "application/json", ...accept };
  return request(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    throw failure(error);
  }
  if (response.ok) return response;
  throw await readError(response);
}

/** Of a fetch, unless it was told to stop. */
function failure(error) {
  if (error.name === "AbortError") return error;
  return new ApiError("The server does not answer. Is `mprna web` still running?", { code: "offline" });
}

async function readError(response) {
  const status = response.status;
  try {
    const { error } = await response.json();
    return new ApiError(error.message, { code: error.code });
  } catch (error) {
    if (error.name === "AbortError") return error;
    return new ApiError(`The server answered with status ${status}.`);
  }
}
