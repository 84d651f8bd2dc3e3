//! Questions to a server beside the load.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::Failure;

/// The body of an answer.
pub(super) fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address)?;
    let proof = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{proof}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without an end of its head")?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("GET {path}: {answer}").into());
    }
    Ok(body.to_owned())
}
