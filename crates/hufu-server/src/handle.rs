//! From a request to a response. Every request gets one, and a line in the log.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hufu_authority::model::ident::hex;
use hufu_authority::model::time::Clock;
use hufu_authority::x509::digest::sm3;
use hufu_authority::{Reply, ReplyKind, Responder};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;

use crate::log::{Entry, Log};
use crate::publish::{self, Folder, Found, Name};
use crate::serve::Limits;

type Answer = Response<BoxBody<Bytes, io::Error>>;

/// The media types of OCSP (RFC 6960 Appendix C).
const OCSP_REQUEST: &[u8] = b"application/ocsp-request";
const OCSP_RESPONSE: &str = "application/ocsp-response";

/// For how long a certificate of a CA may be kept, in seconds. It never changes under its name.
const CA_AGE: i64 = 86_400;

/// What every connection shares.
pub(crate) struct Handler {
    pub(crate) responder: Arc<Responder>,
    pub(crate) folder: Option<Arc<Folder>>,
    pub(crate) prefix: String,
    pub(crate) max_age: i64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    /// Questions that are worked on or wait.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) limits: Limits,
}

/// What a path means.
enum Route<'a> {
    OcspPost,
    OcspGet(&'a str),
    File(Name),
    Health,
    None,
}

impl Handler {
    /// Answers one request.
    pub(crate) async fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Answer, Infallible> {
        let (begun, started) = (self.clock.now(), tokio::time::Instant::now());
        let (answer, mut entry) = self.respond(request).await;
        entry.status = answer.status().as_u16();
        entry.octets = answer.body().size_hint().exact().unwrap_or(entry.octets);
        self.log.write(begun, peer, started.elapsed(), &entry);
        Ok(answer)
    }

    async fn respond(&self, request: Request<Incoming>) -> (Answer, Entry) {
        let path = request.uri().path().to_owned();
        let route = self.route(&path);
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        match route {
            Route::OcspPost if request.method() == Method::POST => self.post(request).await,
            Route::OcspGet(text) if read => self.get(text.to_owned(), request.headers()).await,
            Route::File(name) if read => self.file(name, request.headers()).await,
            Route::Health if read => self.health().await,
            Route::None => (plain(StatusCode::NOT_FOUND), entry("other", "not-found")),
            Route::OcspPost => (refused(&[Method::POST]), entry("other", "method")),
            _ => (refused(&[Method::GET, Method::HEAD]), entry("other", "method")),
        }
    }

    /// The path is taken as it came: base64 has slashes of its own, and what is percent-encoded is decoded once, there
    /// where it belongs.
    fn route<'a>(&self, path: &'a str) -> Route<'a> {
        if path == "/health" {
            return Route::Health;
        }
        let Some(rest) = path.strip_prefix(self.prefix.as_str()) else { return Route::None };
        if matches!(rest, "" | "/" | "/ocsp" | "/ocsp/") {
            return Route::OcspPost;
        }
        if let Some(text) = rest.strip_prefix("/ocsp/") {
            return Route::OcspGet(text);
        }
        rest.strip_prefix('/').and_then(Name::read).map_or(Route::None, Route::File)
    }

    async fn post(&self, request: Request<Incoming>) -> (Answer, Entry) {
        const WHAT: &str = "ocsp-post";
        let media_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let essence = media_type.and_then(|m| m.split(|b| *b == b';').next()).map(<[u8]>::trim_ascii);
        if essence.is_some_and(|essence| !essence.eq_ignore_ascii_case(OCSP_REQUEST)) {
            return (plain(StatusCode::UNSUPPORTED_MEDIA_TYPE), entry(WHAT, "media-type"));
        }
        let body = Limited::new(request.into_body(), self.limits.body).collect();
        let body = match tokio::time::timeout(self.limits.body_time, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => {
                return (close(plain(StatusCode::PAYLOAD_TOO_LARGE)), entry(WHAT, "too-large"));
            }
            Ok(Err(_)) => return (close(plain(StatusCode::BAD_REQUEST)), entry(WHAT, "broken")),
            Err(_) => return (close(plain(StatusCode::REQUEST_TIMEOUT)), entry(WHAT, "slow")),
        };
        let reply = self.work(move |responder, now| responder.answer(&body, now)).await;
        let Some(reply) = reply else { return busy(WHAT) };
        let entry = of_reply(WHAT, &reply);
        let mut answer = ocsp(reply.der);
        // What was asked by POST is for the one who asked.
        put(&mut answer, header::CACHE_CONTROL, "no-store");
        (answer, entry)
    }

    async fn get(&self, text: String, headers: &HeaderMap) -> (Answer, Entry) {
        const WHAT: &str = "ocsp-get";
        let reply = self.work(move |responder, now| responder.answer_get(&text, now)).await;
        let Some(reply) = reply else { return busy(WHAT) };
        let entry = of_reply(WHAT, &reply);
        let Some(holds) = reply.holds else {
            let mut answer = ocsp(reply.der);
            put(&mut answer, header::CACHE_CONTROL, "no-store");
            return (answer, entry);
        };
        // RFC 5019 §6.2, except that a cache keeps an answer no longer than this server was told to allow.
        let tag = format!("\"{}\"", hex(&sm3(&reply.der).0[..16]));
        let mut answer = if known(headers, &tag) { bare(StatusCode::NOT_MODIFIED) } else { ocsp(reply.der) };
        self.age(&mut answer, holds.until.saturating_sub(self.now()).min(self.max_age));
        put(&mut answer, header::LAST_MODIFIED, &date(holds.from));
        put(&mut answer, header::ETAG, &tag);
        (answer, entry)
    }

    async fn file(&self, name: Name, headers: &HeaderMap) -> (Answer, Entry) {
        let (what, media_type) = (name.folder, name.media_type);
        let Some(folder) = self.folder.clone() else { return (plain(StatusCode::NOT_FOUND), entry(what, "not-found")) };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return busy(what) };
        let found = tokio::task::spawn_blocking(move || {
            let _place = place;
            folder.find(&name)
        });
        let found = match found.await {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) => return (plain(StatusCode::NOT_FOUND), entry(what, "not-found")),
            _ => return (plain(StatusCode::INTERNAL_SERVER_ERROR), entry(what, "unreadable")),
        };
        let Found { file, length, modified, tag, until } = found;
        let mut answer = if known(headers, &tag) {
            bare(StatusCode::NOT_MODIFIED)
        } else {
            Response::new(publish::body(file, length, self.limits.patience).boxed())
        };
        if answer.status() == StatusCode::OK {
            put(&mut answer, header::CONTENT_TYPE, media_type);
            put(&mut answer, header::CONTENT_LENGTH, &length.to_string());
        }
        let age = match until {
            Some(until) => until.saturating_sub(self.now()).min(self.max_age),
            None if what == "ca" => CA_AGE,
            None => 0,
        };
        self.age(&mut answer, age);
        put(&mut answer, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified));
        put(&mut answer, header::ETAG, &tag);
        (answer, Entry { octets: length, ..entry(what, "file") })
    }

    async fn health(&self) -> (Answer, Entry) {
        let code = self.work(|responder, now| responder.check(now).err().map(|e| e.code())).await;
        let (status, text, outcome) = match code {
            Some(None) => (StatusCode::OK, "{\"status\":\"ok\"}\n".to_owned(), "ok"),
            Some(Some(code)) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("{{\"status\":\"failing\",\"code\":\"{code}\"}}\n"), code)
            }
            None => (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"busy\"}\n".to_owned(), "busy"),
        };
        let mut answer = bare(status);
        *answer.body_mut() = full(text);
        put(&mut answer, header::CONTENT_TYPE, "application/json");
        put(&mut answer, header::CACHE_CONTROL, "no-store");
        (answer, entry("health", outcome))
    }

    /// Has something done by a thread that may wait for the disk. None when too many are waiting already, or when it
    /// took too long; it keeps its place until it is done.
    async fn work<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Responder, hufu_authority::model::time::Instant) -> T + Send + 'static,
    ) -> Option<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (responder, clock) = (Arc::clone(&self.responder), Arc::clone(&self.clock));
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            f(&responder, clock.now())
        });
        tokio::time::timeout(self.limits.answer_time, work).await.ok()?.ok()
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_seconds()
    }

    /// For how many seconds a cache may keep this.
    fn age(&self, answer: &mut Answer, seconds: i64) {
        let seconds = seconds.max(0);
        let control = if seconds == 0 {
            "no-cache".to_owned()
        } else {
            format!("max-age={seconds}, public, no-transform, must-revalidate")
        };
        put(answer, header::CACHE_CONTROL, &control);
        put(answer, header::EXPIRES, &date(self.now().saturating_add(seconds)));
    }
}

fn entry(what: &'static str, outcome: &'static str) -> Entry {
    Entry { what, outcome, unknown: 0, status: 0, octets: 0 }
}

fn of_reply(what: &'static str, reply: &Reply) -> Entry {
    let outcome = match reply.kind {
        ReplyKind::Fresh => "fresh",
        ReplyKind::Presigned => "presigned",
        ReplyKind::Refused(status) => status.code(),
    };
    Entry { unknown: reply.unknown, ..entry(what, outcome) }
}

fn busy(what: &'static str) -> (Answer, Entry) {
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE);
    put(&mut answer, header::RETRY_AFTER, "1");
    (answer, entry(what, "busy"))
}

fn ocsp(der: Vec<u8>) -> Answer {
    let mut answer = Response::new(full(der));
    put(&mut answer, header::CONTENT_TYPE, OCSP_RESPONSE);
    answer
}

fn full(content: impl Into<Bytes>) -> BoxBody<Bytes, io::Error> {
    Full::new(content.into()).map_err(|never| match never {}).boxed()
}

fn bare(status: StatusCode) -> Answer {
    let mut answer = Response::new(full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// A status and its name.
fn plain(status: StatusCode) -> Answer {
    let mut answer = bare(status);
    *answer.body_mut() = full(format!("{status}\n"));
    put(&mut answer, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    put(&mut answer, header::CACHE_CONTROL, "no-store");
    answer
}

fn refused(allowed: &[Method]) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED);
    put(&mut answer, header::ALLOW, &allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", "));
    answer
}

/// The last answer of its connection: what the client still sends is not read.
fn close(mut answer: Answer) -> Answer {
    put(&mut answer, header::CONNECTION, "close");
    answer
}

/// The client has these contents already.
fn known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    given.flat_map(|v| v.split(',')).any(|v| v.trim().trim_start_matches("W/") == tag || v.trim() == "*")
}

fn put(answer: &mut Answer, name: HeaderName, value: &str) {
    // Every value is made here, of characters that headers have.
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn date(seconds: i64) -> String {
    // The year 9999 is the last one that the form can say.
    let seconds = u64::try_from(seconds).unwrap_or(0).min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}
