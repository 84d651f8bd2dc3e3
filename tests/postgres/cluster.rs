//! A PostgreSQL cluster that lives as long as the test process, and no longer, however that ends.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];
const MAJOR_MIN: u32 = 15;
const ADVICE: &str = "PostgreSQL 15 or newer is needed (initdb, pg_ctl, postgres, psql in $PATH or in \
                      /usr/lib/postgresql/*/bin): bash tests/run installs it";

/// Ports below those that the system gives to outgoing connections, so that nobody takes one while its server restarts.
const PORTS: std::ops::Range<u32> = 15_000..30_000;
const PORT_TRIES: u32 = 20;

/// Ends the server and removes its folder when its standard input ends, which is when the test process does.
/// Signals to the terminal's group are the test process's affair: this one has to outlive it.
const WATCHER: &str = r#"
trap '' HUP INT TERM
while read -r _; do :; done
if read -r server 2>/dev/null <"$1/data/postmaster.pid"; then
    kill -QUIT "$server" 2>/dev/null
    tries=100
    while kill -0 "$server" 2>/dev/null && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
fi
rm -rf "$1"
"#;

/// A cluster, running or stopped.
pub(crate) struct Cluster {
    place: Arc<Place>,
    _watcher: Watcher,
}

/// Where it is, and with what it is run.
struct Place {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// A server refuses to run as root: the user that it runs as instead.
    user: Option<User>,
}

#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// The one cluster of this test process, made when it is first asked for.
    ///
    /// It runs without `fsync`: what that guards against is a crash of the machine, and no test outlives one. A server
    /// that is killed loses nothing by it, since the machine's page cache stays.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("fsync = off\nsynchronous_commit = on\n"))
    }

    /// A cluster of one's own, as safe as PostgreSQL is by default, which ends when it is dropped.
    pub(crate) fn own() -> Self {
        Self::new("")
    }

    /// A copy of this cluster that follows it, read-only until it is promoted.
    pub(crate) fn standby(&self) -> Self {
        Self::made(|place| place.copy(self.port()))
    }

    fn new(settings: &str) -> Self {
        Self::made(|place| place.make(settings))
    }

    fn made(make: impl FnOnce(&Place)) -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("subject-record-postgres-").tempdir().unwrap().keep();
        // Before there is anything to end or remove.
        let watcher = Watcher::of(&folder);
        let user = user();
        if let Some(user) = user {
            chown(&folder, Some(user.uid), Some(user.gid)).unwrap();
        }
        let mut place = Place { programs, folder, port: 0, user };
        make(&place);
        for _ in 0..PORT_TRIES {
            place.port = free_port();
            if place.control(&place.start_arguments()) {
                return Self { place: Arc::new(place), _watcher: watcher };
            }
        }
        unreachable!("the cluster does not start: {}", place.log())
    }

    /// The URL of a database, given by its name.
    pub(crate) fn url(&self, database: &str) -> String {
        super::proxy::url(self.port(), database)
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.place.port
    }

    /// Makes a fresh database, and answers its URL, by which one connects as superuser.
    pub(crate) async fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("fresh_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    /// Stops it at once, as a crash would: no checkpoint is written, and the next start recovers.
    pub(crate) async fn stop(&self) {
        self.must(&["stop", "-m", "immediate"]).await;
    }

    /// Starts it again, and returns once it answers.
    pub(crate) async fn start(&self) {
        let arguments = self.place.start_arguments();
        self.must(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    /// Crashes it and starts it again; returns once it answers.
    pub(crate) async fn restart_immediate(&self) {
        self.stop().await;
        self.start().await;
    }

    /// Runs an SQL script by `psql` on a database, with variables for it.
    pub(crate) async fn psql(&self, url: &str, script: &Path, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(self.place.programs.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--file"]);
        command.arg(script).stdin(Stdio::null());
        for (name, value) in variables {
            command.args(["--set", &format!("{name}={value}")]);
        }
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// What the server wrote about its own running.
    pub(crate) fn log(&self) -> String {
        self.place.log()
    }

    async fn must(&self, arguments: &[&str]) {
        let place = Arc::clone(&self.place);
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        // On a thread of its own: the writers of a test go on meanwhile.
        tokio::task::spawn_blocking(move || {
            assert!(place.control(&arguments), "pg_ctl {arguments:?}: {}", place.log());
        })
        .await
        .unwrap();
    }
}

/// What ends the server and removes its folder.
struct Watcher(Child);

impl Watcher {
    fn of(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", WATCHER, "sh"]).arg(folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Place {
    fn make(&self, settings: &str) {
        let output = self
            .command("initdb")
            .args(["--auth=trust", "--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C"])
            .arg("--pgdata")
            .arg(self.data())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        self.set(&format!(
            "listen_addresses = '127.0.0.1'\nmax_connections = 400\nshared_buffers = 32MB\ntimezone = 'UTC'\n\
             {settings}"
        ));
    }

    fn copy(&self, port: u16) {
        let copied = self
            .command("pg_basebackup")
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--pgdata"])
            .arg(self.data())
            .args(["--dbname", &super::proxy::url(port, "postgres")])
            .output()
            .unwrap();
        assert!(copied.status.success(), "{copied:?}");
        self.set("");
    }

    /// Settings at the end of the file, where they count.
    fn set(&self, settings: &str) {
        let file = self.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&file).unwrap();
        let folder = self.folder.display();
        std::fs::write(file, format!("{before}\nunix_socket_directories = '{folder}'\n{settings}")).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    fn start_arguments(&self) -> [String; 5] {
        let log = self.folder.join("server.log").display().to_string();
        ["start".to_owned(), "--log".to_owned(), log, "--options".to_owned(), format!("-p {}", self.port)]
    }

    /// Runs `pg_ctl`, and answers whether it did what it was told.
    fn control<T: AsRef<std::ffi::OsStr>>(&self, arguments: &[T]) -> bool {
        let mut command = self.command("pg_ctl");
        command.args(arguments).args(["--wait", "--timeout", "60", "--silent", "--pgdata"]).arg(self.data());
        // No pipe: the server would inherit it, and hold it open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.user {
            None => Command::new(program),
            Some(User { uid, gid }) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"]);
                command.arg(program);
                command
            }
        };
        // A folder that the server's user may stand in.
        command.current_dir(&self.folder);
        command
    }
}

/// The folder of the newest installed PostgreSQL, the one in `$PATH` before others.
fn programs() -> PathBuf {
    let mut installed: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort_by_key(|folder| std::cmp::Reverse(major(folder)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(installed);
    let whole = |folder: &PathBuf| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    let found = all.filter(whole).find(|folder| major(folder).is_some_and(|major| major >= MAJOR_MIN));
    assert!(found.is_some(), "{ADVICE}");
    found.unwrap()
}

/// The major version of the server in a folder.
fn major(folder: &Path) -> Option<u32> {
    let said = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let version = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whom the server runs as: oneself, or somebody else when that is root.
fn user() -> Option<User> {
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let named = |name| Some(User { uid: id(&["-u", name])?, gid: id(&["-g", name])? });
    let user = named("postgres").or_else(|| named("nobody"));
    assert!(user.is_some(), "a server does not run as root, and there is no user postgres or nobody");
    user
}

fn id(arguments: &[&str]) -> Option<u32> {
    let said = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(said.stdout).ok()?.trim().parse().ok()
}

/// A port that nobody listens on. Test processes that run side by side begin at different places.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + step % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
