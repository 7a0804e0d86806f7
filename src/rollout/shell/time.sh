# Time that no clock that is set changes.

# uptime: seconds since the boot.
uptime() { cut -d . -f 1 /proc/uptime; }
