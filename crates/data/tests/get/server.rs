//! A web server for tests: HTTP/1.1 on 127.0.0.1, one request a connection, as well or as badly behaved as asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// First byte and, if given, the byte after the last.
    pub(crate) fn range(&self) -> Option<(usize, Option<usize>)> {
        let (from, to) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse().unwrap(), to.parse::<usize>().ok().map(|last| last + 1)))
    }
}

/// What is answered.
pub(crate) struct Reply {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The announced length; that of the body unless given.
    pub(crate) length: Option<usize>,
    /// Bytes of one write and the pause after it.
    pub(crate) trickle: Option<(usize, Duration)>,
    /// The connection stays open for so long after the last byte.
    pub(crate) hang: Duration,
}

impl Reply {
    pub(crate) fn status(status: &'static str) -> Self {
        Self { status, headers: vec![], body: vec![], length: None, trickle: None, hang: Duration::ZERO }
    }

    /// What a well-behaved server answers: the part that was asked for, if it is of the same content.
    pub(crate) fn file(request: &Request, content: &[u8], tag: &str) -> Self {
        let same = request.header("if-range").is_none_or(|known| known == tag);
        let mut reply = match request.range().filter(|_| same) {
            Some((from, _)) if from >= content.len() => Self::status("416 Range Not Satisfiable"),
            Some((from, to)) => {
                let to = to.unwrap_or(content.len()).min(content.len());
                let mut reply = Self::status("206 Partial Content");
                let range = format!("bytes {from}-{}/{}", to - 1, content.len());
                reply.headers.push(("content-range", range));
                reply.body = content[from..to].to_vec();
                reply
            }
            None => {
                let mut reply = Self::status("200 OK");
                reply.body = content.to_vec();
                reply
            }
        };
        reply.headers.push(("etag", tag.to_owned()));
        reply
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Announces everything and sends only so many bytes.
    pub(crate) fn cut(mut self, sent: usize) -> Self {
        self.length = Some(self.body.len());
        self.body.truncate(sent);
        self
    }
}

type Handler = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// A running server. It ends with its value.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers with what `handler` makes of a request and its number.
    pub(crate) fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, stop) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicBool::new(false)));
        let handler: Arc<Handler> = Arc::new(handler);
        let thread = thread::spawn({
            let (requests, stop) = (Arc::clone(&requests), Arc::clone(&stop));
            move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (handler, requests) = (Arc::clone(&handler), Arc::clone(&requests));
                    thread::spawn(move || drop(serve(stream.unwrap(), &*handler, &requests)));
                }
            }
        });
        Self { address, requests, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(stream: TcpStream, handler: &Handler, requests: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let Some(path) = first.split(' ').nth(1) else { return Ok(()) };
    let mut headers = vec![];
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let request = Request { path: path.to_owned(), headers };
    let number = {
        let mut requests = requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    let reply = handler(&request, number);
    let mut stream = stream;
    let length = reply.length.unwrap_or(reply.body.len());
    write!(stream, "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {length}\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    let (size, pause) = reply.trickle.unwrap_or((usize::MAX, Duration::ZERO));
    for bytes in reply.body.chunks(size.min(reply.body.len().max(1))) {
        stream.write_all(bytes)?;
        stream.flush()?;
        thread::sleep(pause);
    }
    thread::sleep(reply.hang);
    Ok(())
}
