# Completions of sslscale for fish. Put them into ~/.config/fish/completions/sslscale.fish, or load them with:
# sslscale completions fish | source

function __sslscale_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l lines ($words[1] __complete (count $words) -- $words $current 2>/dev/null)
    set -l kind $lines[1]
    printf '%s\n' $lines[2..-1]
    # An option and its value may be one word.
    set -l option (string match --regex -- '^--[a-z-]+=' $current)
    set -l path (string replace --regex -- '^--[a-z-]+=' '' $current)
    set -l paths
    switch $kind
        case inventory
            set paths (complete -C "__fish_command_without_completions $path" | string match --regex -- '^.*(?:/|\.ya?ml)(?=\t|$)')
        case file
            set paths (complete -C "__fish_command_without_completions $path" | string replace --regex -- '\t.*' '')
        case directory
            set paths (complete -C "__fish_command_without_completions $path" | string match --regex -- '^.*/(?=\t|$)')
    end
    test (count $paths) -gt 0; and printf '%s\n' "$option"$paths
end

complete --command sslscale --no-files --keep-order --arguments '(__sslscale_complete)'
