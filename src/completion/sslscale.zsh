#compdef sslscale
# Completions of sslscale for zsh. Put them into a file _sslscale of a folder of $fpath, or load them after compinit
# with: source <(sslscale completions zsh)

_sslscale() {
    local -a lines found shown
    local line word help kind
    lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete $((CURRENT - 1)) -- "${(@Q)words}" 2>/dev/null)}")
    kind=${lines[1]}
    for line in "${(@)lines[2,-1]}"; do
        word=${line%%$'\t'*}
        help=${line#*$'\t'}
        found+=("$word")
        if [[ -n $help ]]; then shown+=("$word  -- $help"); else shown+=("$word"); fi
    done
    (( $#found )) && compadd -V words -l -d shown -a found
    case $kind in
    inventory)
        compset -P '*='
        _files -g '*.(yaml|yml)(-.)'
        ;;
    file)
        compset -P '*='
        _files
        ;;
    directory)
        compset -P '*='
        _files -/
        ;;
    *) (( $#found )) ;;
    esac
}

if [[ ${funcstack[1]} == _sslscale ]]; then
    _sslscale "$@"
else
    compdef _sslscale sslscale
fi
