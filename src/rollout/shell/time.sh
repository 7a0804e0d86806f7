# Time that no clock that is set changes.

# uptime: seconds since the boot.
uptime() { read -r up_for idle_for </proc/uptime && echo "${up_for%%.*}"; }
