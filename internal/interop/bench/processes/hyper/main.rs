//! The routes that bench asks for, served by hyper over HTTP/2 without TLS, on one thread.
//!
//! Prints its URL when it listens. The only argument is how many concurrent streams a connection may have, 0 for
//! hyper's default.

use std::convert::Infallible;
use std::time::Duration;

use hyper::body::HttpBody;
use hyper::server::conn::AddrIncoming;
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server, StatusCode};

const HELLO: &str = "hello, world\n";
const SLEEP: Duration = Duration::from_millis(10);

static BYTES: [u8; 1 << 20] = [b'.'; 1 << 20];
static LARGE: [u8; 64 << 20] = [0; 64 << 20];

async fn answer(mut request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let body = match request.uri().path() {
        "/hello" | "/sink" => {
            while let Some(Ok(_)) = request.body_mut().data().await {}
            Body::from(HELLO)
        }
        "/kibibyte" => Body::from(&BYTES[..1 << 10]),
        "/64kibibytes" => Body::from(&BYTES[..64 << 10]),
        "/mebibyte" => Body::from(&BYTES[..]),
        "/large" => Body::from(&LARGE[..]),
        "/sleep" => {
            tokio::time::sleep(SLEEP).await;
            Body::from(HELLO)
        }
        "/park" => park(),
        _ => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(body))
}

/// A body that never ends, since what could end it is forgotten.
fn park() -> Body {
    let (sender, body) = Body::channel();
    std::mem::forget(sender);
    body
}

async fn serve(streams: u32) -> hyper::Result<()> {
    let mut incoming = AddrIncoming::bind(&([127, 0, 0, 1], 0).into())?;
    incoming.set_nodelay(true);
    println!("http://{}", incoming.local_addr());
    let mut builder = Server::builder(incoming).http2_only(true);
    if streams > 0 {
        builder = builder.http2_max_concurrent_streams(streams);
    }
    builder
        .serve(make_service_fn(|_| async {
            Ok::<_, Infallible>(service_fn(answer))
        }))
        .await
}

fn main() {
    let streams = std::env::args().nth(1).map_or(0, |n| n.parse().expect("a number of streams"));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(serve(streams))
        .expect("serving");
}
