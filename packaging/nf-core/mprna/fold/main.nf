process MPRNA_FOLD {
    tag "$meta.id"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/mprna:0.1.0--pyhdfd78af_0' :
        'biocontainers/mprna:0.1.0--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(sequences)

    output:
    tuple val(meta), path("${prefix}.${suffix}"), emit: structures
    path "versions.yml"                         , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    suffix = task.ext.suffix ?: 'dbn'
    """
    mprna fold \\
        $args \\
        --quiet \\
        --jobs $task.cpus \\
        --output ${prefix}.${suffix} \\
        $sequences

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        mprna: \$(mprna --version | sed 's/^mprna //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    suffix = task.ext.suffix ?: 'dbn'
    """
    touch ${prefix}.${suffix}

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        mprna: \$(mprna --version | sed 's/^mprna //')
    END_VERSIONS
    """
}
