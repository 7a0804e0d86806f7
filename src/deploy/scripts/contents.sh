# Shows files of a host: for each its length, a space and its path, a line break, and its bytes.
#
#     contents.sh PATH...
#
# Paths below /var/lib/sslscale are of what is kept about this host, wherever that is. A file that is not there is left
# out. The last line is `end`. A file that changes meanwhile makes the answer one that cannot be read.
for path; do
    file=$root$path
    case $path in /var/lib/sslscale/*) file=$state/${path#/var/lib/sslscale/} ;; esac
    [ -f "$file" ] || continue
    echo "$(stat -L -c %s "$file") $path" && cat "$file" || exit
done
echo end
