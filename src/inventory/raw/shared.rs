//! The keys of sections that are in several places of the inventory.

use crate::inventory::schema::section;

section! {
    /// How much one client may ask, by its address. It has `rate` and `burst`, `connections`, or all three. Every host counts by itself.
    RawLimit at "limit" {
        /// How many requests, or of a balancer new connections, in the long run.
        rate: "such as `10r/s` or `30r/m`; default: no limit, in a location as in the site" is One(Rate),
        /// How many more at once. A browser asks for all parts of a page at the same time.
        burst: "0 to 100000; required with `rate`" is One(Whole(0, 100_000)),
        /// How many requests, or of a balancer connections, at the same time. Over HTTP/2 each request counts.
        connections: "1 to 65535; default: no limit, in a location as in the site" is One(Whole(1, 65_535)),
    }
}

section! {
    /// Where a program tells its numbers, over plain HTTP on all addresses that it listens on.
    RawMetrics at "metrics" {
        /// The port.
        port: "1 to 65535; default 8404" is One(PORT),
        /// Networks of those who may ask, such as the address of Prometheus. Others get no answer from haproxy, and 403 from nginx.
        allow: "list of networks, required" is Many(Network, 1, 64),
    }
}
