//! The uwsgi protocol: a four byte head, then variables as length and value, then the body.
//! The answer is a plain HTTP response.

use std::io::Read;

use super::{LIMIT, ProtocolError, Variables, drain, text};

/// Reads one request and its body.
pub(super) fn read(stream: &mut impl Read) -> Result<Variables, ProtocolError> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let [modifier, low, high, _] = head;
    // Modifier 0 is "a WSGI request"; plain HTTP would begin with a letter.
    if modifier != 0 {
        return Err(ProtocolError::Malformed("not a uwsgi request"));
    }
    let size = usize::from(u16::from_le_bytes([low, high]));
    if size > LIMIT {
        return Err(ProtocolError::TooLarge("the variable block"));
    }
    let mut block = vec![0; size];
    stream.read_exact(&mut block)?;
    let variables = variables(&block)?;
    drain(stream, &variables)?;
    Ok(variables)
}

fn variables(mut block: &[u8]) -> Result<Variables, ProtocolError> {
    let mut variables = Variables::new();
    while !block.is_empty() {
        let name = take(&mut block)?;
        let value = take(&mut block)?;
        variables.insert(text(name), text(value));
    }
    Ok(variables)
}

fn take<'a>(block: &mut &'a [u8]) -> Result<&'a [u8], ProtocolError> {
    let cut = ProtocolError::Malformed("a uwsgi variable is cut short");
    let Some((length, rest)) = block.split_first_chunk::<2>() else {
        return Err(cut);
    };
    let Some((value, rest)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else {
        return Err(cut);
    };
    *block = rest;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
            block.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
            block.extend(part.as_bytes());
        }
        let mut packet = vec![0];
        packet.extend(u16::try_from(block.len()).unwrap().to_le_bytes());
        packet.push(0);
        packet.extend(block);
        packet
    }

    #[test]
    fn reads_variables() {
        let packet = packet(&[("REMOTE_ADDR", "192.0.2.1"), ("CONTENT_LENGTH", "")]);
        let variables = read(&mut packet.as_slice()).unwrap();
        assert_eq!(variables["REMOTE_ADDR"], "192.0.2.1");
    }

    #[test]
    fn drains_the_body() {
        let mut packet = packet(&[("CONTENT_LENGTH", "3")]);
        packet.extend(b"abcd");
        let mut rest = packet.as_slice();
        read(&mut rest).unwrap();
        assert_eq!(rest, b"d");
    }

    #[test]
    fn refuses_what_is_no_uwsgi() {
        assert!(matches!(
            read(&mut b"GET / HTTP/1.0\r\n\r\n".as_slice()),
            Err(ProtocolError::Malformed("not a uwsgi request"))
        ));
        // The second variable claims more bytes than there are.
        let cut = [0, 5, 0, 0, 1, 0, b'A', 9, 0];
        assert!(matches!(read(&mut cut.as_slice()), Err(ProtocolError::Malformed(_))));
        assert!(matches!(read(&mut [0, 9].as_slice()), Err(ProtocolError::Io(_))));
        let huge = packet(&[("CONTENT_LENGTH", "99999999")]);
        assert!(matches!(read(&mut huge.as_slice()), Err(ProtocolError::TooLarge(_))));
    }
}
