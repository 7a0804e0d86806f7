//! The words of random texts: nginx and haproxy take them for what the readers of their configuration say.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sslscale::config::{Word, haproxy, nginx};

use super::Numbers;
use super::nginx::Nginx;
use crate::cases::{cases, first};
use crate::support::release::roots;
use crate::support::{need, ports};

/// Parts of the texts that nginx reads. A `$` would begin a variable.
const NGINX: [&str; 20] = [
    "a",
    "b",
    " ",
    "\t",
    "\n",
    "\"",
    "\"",
    "'",
    "'",
    "\\",
    "\\n",
    "\\\"",
    "#",
    ";",
    "{",
    "}",
    ")",
    "é",
    "a}b",
    "; return 200 c",
];
/// Of those that haproxy reads: in double quotes a `$` would begin a variable.
const HAPROXY: [&str; 16] =
    ["a", "b", " ", " ", "\t", "\"", "\"", "'", "'", "\\", "\\n", "\\ ", "\\#", "#", "\\x41", "é"];
const COUNT: u32 = 400;
/// How many refused texts a program is asked about one by one.
const REFUSED: usize = 60;

fn random(numbers: &mut Numbers, parts: &[&'static str]) -> String {
    let count = numbers.below(9) + 1;
    (0..count).map(|_| parts[numbers.below(parts.len())]).collect()
}

fn values(words: &[Word<'_>]) -> Vec<String> {
    words.iter().map(|word| word.value.to_string()).collect()
}

/// A location of nginx that answers with this text.
fn location(number: usize, text: &str) -> String {
    format!("location = /{number} {{ return 200 {text};\n}}\n")
}

/// What nginx answers with in this location, if it reads it as one.
fn answer(location: &str) -> Option<String> {
    let file = nginx::File::read(location).ok()?;
    let [only] = &file.statements[..] else { return None };
    let answers: Vec<Vec<String>> = only.statements().iter().map(|it| values(&it.words)).collect();
    let fine = |words: &Vec<String>| words.len() == 3 && words[..2] == ["return", "200"];
    (only.statements().iter().all(|it| it.block.is_none()) && answers.iter().all(fine))
        .then(|| answers.into_iter().next().map(|mut words| words.remove(2)))?
}

fn get(port: u16, number: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /{number} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}

#[test]
fn nginx_answers_with_the_words_that_are_read() {
    if !need::programs(&["nginx"]) {
        return;
    }
    let mut locations = Vec::new();
    let mut refused = Vec::new();
    for case in first()..first() + cases(COUNT) {
        let text = random(&mut Numbers::of(case), &NGINX);
        let block = location(locations.len(), &text);
        match answer(&block) {
            Some(answer) => locations.push((block, answer)),
            None => refused.push(location(0, &text)),
        }
    }
    // Of 25 cases, three are accepted.
    assert!(locations.len() > 2 && refused.len() > 2, "{} {}", locations.len(), refused.len());
    let port = ports::free();
    let dir = tempfile::tempdir().unwrap();
    let mut http = format!("server {{\nlisten 127.0.0.1:{port};\n");
    locations.iter().for_each(|(block, _)| http += block);
    let server = Nginx::start(dir.path(), &(http + "}\n"));
    for (number, (block, wanted)) in locations.iter().enumerate() {
        assert_eq!(String::from_utf8_lossy(&get(port, number)), **wanted, "{block}");
    }
    drop(server);
    for block in refused.iter().take(REFUSED) {
        assert!(!accepts(dir.path(), block), "nginx accepts {block}");
    }
}

/// Whether nginx accepts a server with this text in it.
fn accepts(dir: &Path, text: &str) -> bool {
    let file = dir.join("refused.conf");
    let config =
        format!("events {{}}\nerror_log {0}/e;\npid {0}/p;\nhttp {{\nserver {{\n{text}}}\n}}\n", dir.display());
    fs::write(&file, config).unwrap();
    let mut command = Command::new(need::find("nginx").unwrap());
    command.arg("-t").arg("-q").arg("-c").arg(&file).output().unwrap().status.success()
}

/// haproxy of the releases that can show what it has read.
#[test]
fn haproxy_shows_the_words_that_are_read() {
    if !need::root() {
        return;
    }
    let mut lines = Vec::new();
    let mut refused = Vec::new();
    for case in first()..first() + cases(COUNT) {
        let line = format!("    description a{}\n", random(&mut Numbers::of(case), &HAPROXY));
        let text = format!("global\n{line}");
        let file = haproxy::File::read(&text);
        let [section] = &file.sections[..] else { panic!("{line}") };
        match &section.lines[..] {
            [read] if read.problem.is_none() && read.keyword() == "description" => {
                lines.push((line, values(&read.words)));
            }
            _ => refused.push(line),
        }
    }
    assert!(lines.len() > 5 && refused.len() > 5, "{} {}", lines.len(), refused.len());
    let mut text = "global\n".to_owned();
    lines.iter().for_each(|(line, _)| text += line);
    let mut wanted = "global \n".to_owned();
    lines.iter().for_each(|(_, words)| writeln!(wanted, "\t{} ", words.join(" ")).unwrap());
    for release in ["trixie", "sid"] {
        let root = roots().join(release);
        if !root.is_dir() {
            need::missing(&format!("there is no root of {release}"), "make roots");
            return;
        }
        let shown = shown(&root, &text);
        // Whether empty quotes at the end of a line are a word depends on the version.
        let mut both = wanted.lines().zip(shown.0.lines()).map(|(wanted, shown)| (wanted.trim_end(), shown.trim_end()));
        assert_eq!(both.find(|(wanted, shown)| wanted != shown), None, "{release}: {}", shown.1);
        assert!(shown.0.lines().count() >= wanted.lines().count(), "{release}: {}", shown.1);
        for line in refused.iter().take(REFUSED) {
            let (_, errors) = self::shown(&root, &format!("global\n{line}"));
            assert!(errors.contains("parsing [") && errors.contains(":2]"), "{release} accepts {line}: {errors}");
        }
    }
}

/// What haproxy prints of a file that it has read, and what it says about it.
fn shown(root: &Path, text: &str) -> (String, String) {
    let mut file = tempfile::Builder::new().prefix("sslscale").tempfile_in(root.join("tmp")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = Path::new("/tmp").join(file.path().file_name().unwrap());
    let done = Command::new("chroot").arg(root).args(["haproxy", "-c", "-dC", "-f"]).arg(name).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&done.stdout), text(&done.stderr))
}
