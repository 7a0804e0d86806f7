//! Bad values of keys of sites and locations, and the code of each.

use super::keys::Row;

pub const ROWS: &[Row] = &[(
    &["sites[].allow[]", "sites[].deny[]", "sites[].locations[].allow[]", "sites[].locations[].deny[]"],
    &[
        ("10.0.0.300", "IN06"),
        ("10.0.0.0/33", "IN06"),
        ("10.0.0.10/24", "AD11"),
        ("10.0.0.10/255.255.255.0", "IN06"),
        ("0.0.0.0/0", "IN06"),
        ("::/0", "IN06"),
        ("all", "AD10"),
        ("office.example", "AD10"),
        ("fd00::5%3", "IN06"),
        ("::ffff:10.0.0.0/104", "AD12"),
    ],
)];
