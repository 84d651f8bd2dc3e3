//! A time-stamping authority of OpenSSL, made for one test in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use subject_record::stamps::{Nonce, Request, TrustedRoots};
use tempfile::TempDir;

/// Extensions of certificates, by the name that tests use for them.
const EXTENSIONS: &str = "
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[between]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
[not-an-issuer]
basicConstraints = critical, CA:FALSE
[may-not-issue]
basicConstraints = critical, CA:TRUE
keyUsage = critical, cRLSign
[issues-nobody]
basicConstraints = critical, CA:TRUE, pathlen:0
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[without-purpose]
basicConstraints = CA:FALSE
[purpose-not-critical]
extendedKeyUsage = timeStamping
[two-purposes]
extendedKeyUsage = critical, timeStamping, codeSigning
[other-purpose]
extendedKeyUsage = critical, serverAuth
[may-not-sign]
keyUsage = critical, keyEncipherment
extendedKeyUsage = critical, timeStamping
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
";

/// How an authority stamps, beyond what every one of these does.
const SETTINGS: &str = "
[tsa]
default_tsa = authority
[authority]
serial = number
default_policy = 1.3.6.1.4.1.99999.1
other_policies = 1.3.6.1.4.1.99999.2
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = no
tsa_name = yes
crypto_device = builtin
";

/// What every stamp of these tests is over, unless said otherwise.
pub(crate) const BODY: &[u8] = b"log.example/origin\n12\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n";

/// A kind of key.
pub(crate) type Key = &'static [&'static str];
pub(crate) const RSA: Key = &["rsa:2048"];
pub(crate) const P_256: Key = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const P_384: Key = &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];

/// A folder with a root certificate (`root.pem`) and a stamping one under it (`tsa.pem`), each with its key.
pub(crate) struct Authority {
    folder: TempDir,
    key: Key,
}

impl Authority {
    pub(crate) fn new(key: Key) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("extensions.cnf"), EXTENSIONS).unwrap();
        fs::write(folder.path().join("number"), "4A\n").unwrap();
        let authority = Self { folder, key };
        authority.root("root", "Invented root");
        authority.certificate("tsa", "root", "stamps");
        authority
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(file), bytes).unwrap();
    }

    /// Runs OpenSSL in the folder and answers what it printed, or what it complained of.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, String> {
        run(self.folder.path(), arguments)
    }

    /// Makes a self-signed root, `<file>.pem` and `<file>.key`.
    pub(crate) fn root(&self, file: &str, name: &str) {
        let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
        let subject = format!("/O=Invented/CN={name}");
        let mut arguments = vec!["req", "-x509", "-nodes", "-days", "3650", "-config", "extensions.cnf"];
        arguments.extend(["-extensions", "root", "-subj", &subject, "-out", &certificate, "-keyout", &key]);
        arguments.push("-newkey");
        arguments.extend(self.key);
        self.run(&arguments).unwrap();
    }

    /// Makes a certificate `<file>.pem` and its key, signed by `<issuer>.key`, with the named extensions.
    pub(crate) fn certificate(&self, file: &str, issuer: &str, extensions: &str) {
        let (request, key) = (format!("{file}.csr"), format!("{file}.key"));
        let subject = format!("/O=Invented/CN=Authority {file}");
        let mut arguments = vec!["req", "-new", "-nodes", "-config", "extensions.cnf", "-subj", &subject];
        arguments.extend(["-out", &request, "-keyout", &key, "-newkey"]);
        arguments.extend(self.key);
        self.run(&arguments).unwrap();
        self.sign(file, &request, issuer, extensions, &["-CAcreateserial"], "3650");
    }

    /// Signs a request into `<file>.pem`, for so many days.
    pub(crate) fn sign(
        &self,
        file: &str,
        request: &str,
        issuer: &str,
        extensions: &str,
        serial: &[&str],
        days: &str,
    ) {
        let (certificate, issuer, key) =
            (format!("{file}.pem"), format!("{issuer}.pem"), format!("{issuer}.key"));
        let mut arguments = vec!["x509", "-req", "-in", request, "-out", &certificate, "-days", days];
        arguments.extend(["-CA", &issuer, "-CAkey", &key, "-extfile", "extensions.cnf"]);
        arguments.extend(["-extensions", extensions]);
        arguments.extend(serial);
        self.run(&arguments).unwrap();
    }

    /// The answer to a request, by an authority with more settings; a line `certs = FILE` sends more certificates.
    pub(crate) fn reply(&self, request: &[u8], settings: &str) -> Vec<u8> {
        let mut lines = format!("{SETTINGS}\nsigner_cert = tsa.pem\nsigner_key = tsa.key\n");
        // A later line of the same name is the one that counts.
        lines.push_str(if settings.contains("signer_digest") { "" } else { "signer_digest = sha256\n" });
        lines.push_str(settings);
        self.write("settings.cnf", lines);
        self.write("asked.tsq", request);
        self.run(&[
            "ts",
            "-reply",
            "-config",
            "settings.cnf",
            "-queryfile",
            "asked.tsq",
            "-out",
            "reply.tsr",
        ])
        .unwrap();
        self.read("reply.tsr")
    }

    /// A good answer to [`request`]. It tells the time of its making, so make certificates first.
    pub(crate) fn good(&self) -> Vec<u8> {
        self.reply(&request().to_der().unwrap(), "")
    }

    /// The time-stamp information of an answer.
    pub(crate) fn info(&self, answer: &[u8]) -> Vec<u8> {
        self.write("whole.tsr", answer);
        self.run(&["ts", "-reply", "-in", "whole.tsr", "-token_out", "-out", "token.der"]).unwrap();
        let open = ["cms", "-verify", "-noverify", "-nosigs", "-inform", "DER", "-in", "token.der"];
        self.run(&[&open[..], &["-binary", "-out", "info.der"]].concat()).unwrap();
        self.read("info.der")
    }

    /// An answer over any content, signed by any certificate: what OpenSSL's own authority would refuse to make.
    pub(crate) fn forged(&self, content: &[u8], signer: &str, more: &[&str]) -> Vec<u8> {
        self.forged_as(
            "1.2.840.113549.1.9.16.1.4",
            content,
            signer,
            &[&["-cades", "-md", "sha256"], more].concat(),
        )
    }

    /// The same, with everything said by the caller.
    pub(crate) fn forged_as(&self, kind: &str, content: &[u8], signer: &str, more: &[&str]) -> Vec<u8> {
        let (certificate, key) = (format!("{signer}.pem"), format!("{signer}.key"));
        self.write("content.der", content);
        let mut arguments = vec!["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER"];
        arguments.extend(["-econtent_type", kind, "-in", "content.der", "-out", "forged.der"]);
        arguments.extend(["-signer", &certificate, "-inkey", &key]);
        arguments.extend(more);
        self.run(&arguments).unwrap();
        granted(&self.read("forged.der"))
    }

    /// Whether OpenSSL accepts an answer over a body.
    pub(crate) fn openssl_accepts(&self, answer: &[u8], body: &[u8]) -> Result<String, String> {
        self.write("kept.tsr", answer);
        self.write("body", body);
        self.run(&["ts", "-verify", "-in", "kept.tsr", "-data", "body", "-CAfile", "root.pem"])
    }

    pub(crate) fn roots(&self) -> TrustedRoots {
        TrustedRoots::from_pem(&self.text("root.pem")).unwrap()
    }
}

pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Result<String, String> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    assert!(output.is_ok(), "these tests need the program openssl in PATH (Debian: openssl): {output:?}");
    let output = output.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

/// A status of granted around a token.
pub(crate) fn granted(token: &[u8]) -> Vec<u8> {
    let inner = [&[0x30, 3, 2, 1, 0], token].concat();
    let length = match inner.len() {
        short @ 0..0x80 => vec![u8::try_from(short).unwrap()],
        long @ 0x80..0x100 => vec![0x81, u8::try_from(long).unwrap()],
        longer => [&[0x82], &u16::try_from(longer).unwrap().to_be_bytes()[..]].concat(),
    };
    [&[0x30], &length[..], &inner].concat()
}

/// SHA-256.
pub(crate) fn imprint(body: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(body).into()
}

pub(crate) const NONCE: Nonce = Nonce::new([0xA1, 2, 3, 4, 5, 6, 7, 8]);

/// A request for a stamp over [`BODY`].
pub(crate) fn request() -> Request {
    Request::new(imprint(BODY), NONCE, None)
}
