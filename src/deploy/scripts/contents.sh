# Shows files of a host: for each its length, a space and its path, a line break, and its bytes.
#
#     contents.sh PATH...
#
# A file that is not there is left out. The last line is `end`. A file that changes meanwhile makes the
# answer one that cannot be read.
for path; do
    [ -f "$root$path" ] || continue
    echo "$(stat -L -c %s "$root$path") $path" && cat "$root$path" || exit
done
echo end
