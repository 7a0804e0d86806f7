# How a script that changes a host reports what it did. Its last line is `sslscale-result WORD` or
# `sslscale-result WORD: REASON`; the words are done, untouched, overtaken, undone and
# unknown.

# A broken connection must not stop a change half way.
trap '' HUP INT PIPE TERM

# finish WORD[: REASON]: ends the script.
finish() {
    printf 'sslscale-result %s\n' "$*"
    exit 0
}
