//! The static files: embedded in the binary, named after their content, compressed once at the start.

use crate::pages::frame;
use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// A name never stands for two contents, so a browser may keep it for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const FONT: &str = "open-sans.woff2";

/// One file in each form that it is served in.
struct Asset {
    kind: &'static str,
    plain: web::Bytes,
    brotli: Option<web::Bytes>,
    gzip: Option<web::Bytes>,
}

/// Every file by its hashed name, and the names that the pages use.
pub struct Assets {
    files: HashMap<String, Asset>,
    pub urls: frame::Assets,
}

impl Assets {
    pub fn embedded() -> Self {
        let mut files = HashMap::new();
        let mut add = |name: &str, bytes: Vec<u8>| {
            let hashed = hashed_name(name, &bytes);
            files.insert(hashed.clone(), Asset::new(name, bytes));
            format!("/static/{hashed}")
        };
        let font = add(FONT, content(FONT));
        let css = String::from_utf8(content("app.css")).unwrap_or_default().replace(FONT, &font);
        let urls = frame::Assets {
            css: add("app.css", css.into_bytes()),
            js: add("app.js", content("app.js")),
            favicon: add("favicon.svg", content("favicon.svg")),
            font,
        };
        Self { files, urls }
    }
}

fn content(name: &str) -> Vec<u8> {
    Files::get(name).map(|file| file.data.into_owned()).unwrap_or_default()
}

fn hashed_name(name: &str, bytes: &[u8]) -> String {
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..9]);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{hash}.{extension}")
}

impl Asset {
    fn new(name: &str, plain: Vec<u8>) -> Self {
        let kind = match name.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "font/woff2",
        };
        // The font is compressed already.
        let is_text = kind != "font/woff2";
        Self {
            kind,
            brotli: is_text.then(|| brotli(&plain).into()),
            gzip: is_text.then(|| gzip(&plain).into()),
            plain: plain.into(),
        }
    }

    fn best(&self, accepted: &str) -> (&web::Bytes, Option<&'static str>) {
        let takes = |encoding: &str| {
            accepted.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == encoding)
        };
        match (&self.brotli, &self.gzip) {
            (Some(bytes), _) if takes("br") => (bytes, Some("br")),
            (_, Some(bytes)) if takes("gzip") => (bytes, Some("gzip")),
            _ => (&self.plain, None),
        }
    }
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 22);
    writer.write_all(plain).and_then(|()| writer.flush()).expect("a Vec takes every byte");
    drop(writer);
    compressed
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(plain).expect("a Vec takes every byte");
    writer.finish().expect("a Vec takes every byte")
}

/// `GET /static/{name}`.
pub async fn get(request: HttpRequest, name: web::Path<String>, console: web::Data<super::Console>) -> HttpResponse {
    let Some(asset) = console.assets.files.get(name.as_str()) else { return super::error::not_found() };
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (bytes, encoding) = asset.best(accepted);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, asset.kind))
        .insert_header((CACHE_CONTROL, IMMUTABLE))
        .insert_header((VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    response.body(bytes.clone())
}

/// `GET /favicon.ico`: what browsers ask for unasked.
pub async fn favicon(console: web::Data<super::Console>) -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header(("Location", console.assets.urls.favicon.clone())).finish()
}

/// `GET /robots.txt`: nothing here is for search engines.
pub async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("User-agent: *\nDisallow: /\n")
}
