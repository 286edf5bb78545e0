//! Sockets: who may connect, for how long, and how it ends.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hufu_authority::model::time::Clock;
use hufu_authority::{Responder, SystemClock};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, oneshot};

use crate::error::{Error, Result};
use crate::handle::Handler;
use crate::log::Log;
use crate::publish::Folder;

/// How long the accepting of connections rests when the machine has no more files to open.
const REST: Duration = Duration::from_millis(50);

/// What is served, and where.
pub struct Config {
    /// The address to listen on; port 0 takes any.
    pub listen: SocketAddr,
    /// The folder that lists and CA certificates are published in; without one, there are none.
    pub publish: Option<PathBuf>,
    /// What stands before `/ocsp`, `/crl` and `/ca` in the paths: empty, or `/pki` for the base URL
    /// `http://host/pki`.
    pub prefix: String,
    /// For how many seconds a cache may keep an answer or a list at most, however long that one holds. A revocation is
    /// seen by everybody that much later.
    pub max_age: u32,
    /// Where a line for each request goes.
    pub log: Option<Box<dyn Write + Send>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The limits.
    pub limits: Limits,
}

impl Config {
    /// The defaults, at an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            publish: None,
            prefix: String::new(),
            max_age: 300,
            log: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
        }
    }
}

/// How much and how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once. More wait in the kernel's queue.
    pub connections: usize,
    /// Octets of a request line with its headers.
    pub head: usize,
    /// Headers.
    pub headers: usize,
    /// Octets of a body.
    pub body: usize,
    /// How long the head of a request may take, also the first of a connection that says nothing.
    pub head_time: Duration,
    /// How long a body may take.
    pub body_time: Duration,
    /// How long an answer may take.
    pub answer_time: Duration,
    /// How long a client may take nothing of a file.
    pub patience: Duration,
    /// How long a connection may live.
    pub connection_time: Duration,
    /// Threads that answer.
    pub workers: usize,
    /// Questions that wait for one of them.
    pub queue: usize,
    /// How long a server that ends waits for requests under way.
    pub end_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: 1024,
            head: 16 * 1024,
            headers: 64,
            body: 64 * 1024,
            head_time: Duration::from_secs(8),
            body_time: Duration::from_secs(8),
            answer_time: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            connection_time: Duration::from_secs(600),
            workers,
            queue: workers * 64,
            end_time: Duration::from_secs(10),
        }
    }
}

/// Serves until the process is told to end (SIGTERM or SIGINT), then lets what is under way finish. `ready` is told the
/// address once connections are accepted.
///
/// # Errors
/// [`Error`]; nothing was served then.
pub fn serve(config: Config, responder: Arc<Responder>, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let (runtime, listener, handler, limits) = prepare(config, responder)?;
    let address = listener.local_addr().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Runtime)?;
        ready(address);
        run(listener, handler, &limits, async move {
            either(pin!(terminate.recv()), pin!(interrupt.recv())).await;
        })
        .await
    })
}

/// A server on threads of its own.
pub struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    /// [`Error`].
    pub fn start(config: Config, responder: Arc<Responder>) -> Result<Self> {
        let (runtime, listener, handler, limits) = prepare(config, responder)?;
        let address = listener.local_addr().map_err(Error::Runtime)?;
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(run(listener, handler, &limits, async move {
                let _ = ended.await;
            }))
        });
        Ok(Self { address, end: Some(end), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it: no more connections, and what is under way may finish.
    ///
    /// # Errors
    /// [`Error::Runtime`].
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        drop(self.end.take());
        let ended = self.thread.take().map(JoinHandle::join);
        ended.unwrap_or(Ok(Ok(()))).unwrap_or_else(|_| Err(Error::Runtime(std::io::ErrorKind::Other.into())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn prepare(config: Config, responder: Arc<Responder>) -> Result<(Runtime, TcpListener, Arc<Handler>, Limits)> {
    let folder = config.publish.map(|path| Folder::open(&path).map_err(|source| Error::Folder { path, source }));
    let address = config.listen;
    let bound = TcpListener::bind(address).and_then(|l| l.set_nonblocking(true).map(|()| l));
    let listener = bound.map_err(|source| Error::Listen { address, source })?;
    let limits = config.limits;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(limits.workers.max(1))
        // Those that answer, and those that read files.
        .max_blocking_threads(limits.workers.max(1) + 2)
        .thread_name("hufu-server")
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let handler = Handler {
        responder,
        folder: folder.transpose()?.map(Arc::new),
        prefix: config.prefix,
        max_age: config.max_age.into(),
        clock: config.clock,
        log: Log::new(config.log),
        places: Arc::new(Semaphore::new(limits.workers.max(1) + limits.queue)),
        limits: limits.clone(),
    };
    Ok((runtime, listener, Arc::new(handler), limits))
}

async fn run(
    listener: TcpListener,
    handler: Arc<Handler>,
    limits: &Limits,
    ended: impl Future<Output = ()>,
) -> Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Runtime)?;
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let connections = GracefulShutdown::new();
    let mut ended = pin!(ended);
    loop {
        let next = pin!(async {
            // A place first: who comes when there is none waits in the kernel's queue.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        });
        let Some((place, accepted)) = either(next, ended.as_mut()).await else { break };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let connection = connections.watch(connection(stream, peer, Arc::clone(&handler), limits));
        let life = limits.connection_time;
        tokio::spawn(async move {
            // A connection that breaks is the client's affair; what was asked is in the log.
            let _ = tokio::time::timeout(life, connection).await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.end_time, connections.shutdown()).await;
    Ok(())
}

/// One connection with its limits.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    handler: Arc<Handler>,
    limits: &Limits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + use<> {
    // Answers are small and whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { handler.handle(request, peer.ip()).await }
    });
    http1::Builder::new()
        // Without a timer there would be no limit of time at all.
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head.max(8192))
        .serve_connection(TokioIo::new(stream), service)
}

/// The first one's result, or none when the second one ends before.
async fn either<T, U>(one: impl Future<Output = T> + Unpin, other: impl Future<Output = U> + Unpin) -> Option<T> {
    let (mut one, mut other) = (one, other);
    std::future::poll_fn(move |context| {
        use std::task::Poll;
        if let Poll::Ready(done) = std::pin::Pin::new(&mut one).poll(context) {
            return Poll::Ready(Some(done));
        }
        std::pin::Pin::new(&mut other).poll(context).map(|_| None)
    })
    .await
}
