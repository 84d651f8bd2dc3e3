//! Who asks, and whether the route is theirs. Deny by default.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subject_record_schemas::vocabulary::Role;

use super::Service;
use super::problem::Problem;
use crate::accesses::{Access, AccessError};
use crate::caller::{Caller, TokenId};
use crate::error;
use crate::vault::tokens::TokenError;

/// Header that says why personal values are opened.
pub(super) const ACCESS_PURPOSE: &str = "access-purpose";
/// Cookie of the console.
pub(super) const SESSION_COOKIE: &str = "subject_record_token";

/// Who may use a route: roles, or anybody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed(pub(super) &'static [Role]);

/// Lets a request through when its token's role is one of the route's.
pub(super) async fn require(
    State((service, allowed)): State<(Arc<Service>, Allowed)>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match caller_of(&service, request.method(), request.headers()).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return Problem::new(error::UNAUTHENTICATED).into_response(),
        Err(problem) => return problem.into_response(),
    };
    if !allowed.0.contains(&caller.role) {
        let detail = format!("this is not for the role {}", caller.role);
        return Problem::with_detail(error::FORBIDDEN, detail).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The caller of a request: by bearer token, or by the console's cookie on a request that changes nothing, since
/// a browser sends a cookie along whoever made it ask.
///
/// # Errors
/// When nobody can tell now whether the token still stands.
pub(super) async fn caller_of(
    service: &Service,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION).and_then(bearer);
    let by_cookie = || if method.is_safe() { cookie(headers) } else { None };
    match bearer.or_else(by_cookie) {
        Some(token) => authenticated(service, token.trim()).await,
        None => Ok(None),
    }
}

/// Whom a token's text stands for.
///
/// # Errors
/// As [`caller_of`].
pub(super) async fn authenticated(service: &Service, token: &str) -> Result<Option<Caller>, Problem> {
    service.app.tokens.authenticate(token).await.map_err(|error| unknown(&error))
}

/// That nobody can tell now who asks.
pub(super) fn unknown(fault: &TokenError) -> Problem {
    tracing::error!(error = fault as &dyn std::error::Error, "tokens cannot be read");
    Problem::new(error::VAULT_FAULT)
}

/// The token of an `Authorization` header. The name of its scheme may be written in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value).next()
}

/// The caller that [`require`] let through.
pub(super) struct Authenticated(pub(super) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only when a route was declared without roles: then nobody gets through.
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Problem::new(error::UNAUTHENTICATED))
    }
}

/// The purpose of access that came with a request, if one did.
///
/// # Errors
/// When it does not read, or is not one of the role.
pub(super) fn access_of(caller: &Caller, headers: &HeaderMap) -> Result<Option<Access>, Problem> {
    let Some(value) = headers.get(ACCESS_PURPOSE) else { return Ok(None) };
    let parsed = value.to_str().map_err(|_| AccessError::Malformed).and_then(Access::parse);
    parsed.and_then(|access| access.allowed_to(caller.role)).map(Some).map_err(|error| problem_of(&error))
}

pub(super) fn problem_of(error: &AccessError) -> Problem {
    let code = match error {
        AccessError::Malformed | AccessError::Unknown => error::PURPOSE_MISSING,
        AccessError::NotOfRole => error::FORBIDDEN,
    };
    Problem::with_detail(code, error)
}

/// Events that each token may still send: a bucket that fills by the second.
#[derive(Debug, Default)]
pub(super) struct Rates {
    buckets: Mutex<HashMap<TokenId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    events: f64,
    at: Duration,
}

impl Rates {
    /// Takes `events` from a token's bucket, which holds ten seconds' worth, and answers whether there were
    /// as many.
    pub(super) fn take(&self, token: &TokenId, events: usize, per_second: u32, now: Duration) -> bool {
        if per_second == 0 {
            return true;
        }
        let full = f64::from(per_second) * 10.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(token.clone()).or_insert(Bucket { events: full, at: now });
        let passed = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.events = (bucket.events + passed * f64::from(per_second)).min(full);
        bucket.at = now;
        let wanted = f64::from(u32::try_from(events).unwrap_or(u32::MAX));
        // A request larger than the bucket goes through when the bucket is full, or it never would.
        let enough = bucket.events >= wanted.min(full);
        if enough {
            bucket.events -= wanted;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_a_token_is_bearer_in_any_case() {
        for value in ["Bearer sr_a_b", "bearer sr_a_b", "BEARER sr_a_b"] {
            assert_eq!(bearer(value), Some("sr_a_b"));
        }
        assert_eq!(bearer("Basic sr_a_b").or(bearer("Bearersr_a_b")), None);
    }

    #[test]
    fn a_token_gets_ten_seconds_at_once_and_then_its_rate() {
        let rates = Rates::default();
        let token = TokenId::service();
        assert!(rates.take(&token, 100, 10, Duration::ZERO));
        assert!(!rates.take(&token, 1, 10, Duration::ZERO));
        assert!(rates.take(&token, 10, 10, Duration::from_secs(1)));
        assert!(!rates.take(&token, 1, 10, Duration::from_secs(1)));
        assert!(rates.take(&token, 1_000_000, 0, Duration::ZERO), "no limit");
    }
}
