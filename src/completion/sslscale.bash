# Completions of sslscale for bash. Load them with: source <(sslscale completions bash)

_sslscale() {
    local IFS=$'\n' line=$COMP_LINE words=() word raw i index=0
    # readline splits words at = and :, which sslscale does not.
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        raw=${COMP_WORDS[i]}
        word=${raw//[\\\"\']/}
        if [[ ${#words[@]} -eq 0 || $line == [[:blank:]]* ]]; then
            words+=("$word")
            line=${line#"${line%%[![:blank:]]*}"}
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${line#"$raw"}
        ((i == COMP_CWORD)) && index=$((${#words[@]} - 1))
    done
    local current=${words[index]} last=${COMP_WORDS[COMP_CWORD]//[\\\"\']/} before
    # What readline keeps of the word, because it thinks that it is another one.
    case $last in
    = | :) before=$current last= ;;
    *) before=${current%"$last"} ;;
    esac

    local answer
    answer=$("${words[0]/#\~/$HOME}" __complete "$index" -- "${words[@]}" 2>/dev/null) || return
    local kind=${answer%%$'\n'*}
    COMPREPLY=()
    [[ $answer != *$'\n'* ]] || while IFS= read -r word; do
        word=${word%%$'\t'*}
        [[ $word == "$before"* ]] && COMPREPLY+=("${word#"$before"}")
    done <<<"${answer#*$'\n'}"
    case $kind in
    inventory)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
            [[ -d ${word/#\~/$HOME} || $word == *.yaml || $word == *.yml ]] && COMPREPLY+=("$word")
        done < <(compgen -f -- "$last")
        ;;
    file)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$last")
        ;;
    directory)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$last")
        ;;
    esac
}

complete -o nosort -F _sslscale sslscale 2>/dev/null || complete -F _sslscale sslscale
