//! Requests to a real server.

use std::net::TcpListener;
use std::time::Duration;

use loomwork_engine::Performer;
use loomwork_run::{AttemptOutcome, ErrorClass};
use serde_json::json;

use crate::server::{Server, response};
use crate::setting::{Setting, error, output};

#[test]
fn an_answer_in_json_is_the_output_with_its_status_and_headers() {
    let setting = Setting::new();
    let server =
        Server::saying("200 OK", "Content-Type: application/json; charset=utf-8\r\nX-Two: a\r\nx-two: b\r\n", "{\"n\":1}");
    let underway = setting.start("http", json!({"url": server.url("/ok")}), None);
    let key = underway.key.clone();
    let output = output(underway.report());
    assert_eq!(
        (&output["status"], &output["body"], &output["headers"]["x-two"]),
        (&json!(200), &json!({"n": 1}), &json!("a, b"))
    );
    let log = setting.log(&key);
    assert!(log.len() == 1 && log[0].starts_with(&format!("GET {} → 200 in ", server.url("/ok"))), "{log:?}");
}

#[test]
fn other_answers_are_text() {
    let server = Server::saying("201 Created", "content-type: text/html\r\n", "{\"n\":1}");
    let output = Setting::new().output("http", json!({"url": server.url("/")}));
    assert_eq!((&output["status"], &output["body"]), (&json!(201), &json!("{\"n\":1}")));
}

#[test]
fn a_request_says_what_its_step_says() {
    let setting = Setting::new();
    let server = Server::saying("200 OK", "", "");
    let input =
        json!({"method": "PUT", "url": server.url("/a"), "query": {"q": "x y"}, "headers": {"X-One": "1"}, "json": {"a": [1]}});
    setting.output("http", input);
    setting.output("http", json!({"url": server.url("/b"), "headers": {"Idempotency-Key": "own"}}));
    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("PUT /a?q=x+y HTTP/1.1"), "{head}");
    for line in ["x-one: 1", "content-type: application/json", "idempotency-key: idem"] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert_eq!(body, "{\"a\":[1]}");
    assert!(requests[1].contains("idempotency-key: own") && !requests[1].contains("idem\r\n"));
}

#[test]
fn a_status_has_a_class_and_may_ask_to_wait() {
    let setting = Setting::new();
    let classes = [
        ("408", ErrorClass::Transient),
        ("425", ErrorClass::Transient),
        ("429", ErrorClass::Transient),
        ("503", ErrorClass::Transient),
        ("401", ErrorClass::Security),
        ("403", ErrorClass::Security),
        ("404", ErrorClass::Permanent),
    ];
    for (status, class) in classes {
        let server = Server::saying(status, "Retry-After: 7\r\n", "why");
        let error = setting.error("http", json!({"url": server.url("/")}));
        assert_eq!((error.class, &error.details["body"]), (class, &json!("why")), "{status}");
        assert_eq!(error.details["retry_after_ms"], json!(7000));
        assert!(error.message.contains(status), "{}", error.message);
    }
}

#[test]
fn the_statuses_that_are_expected_are_a_success() {
    let setting = Setting::new();
    let missing = Server::saying("404 Not Found", "", "");
    for status in [json!(404), json!([200, 404]), json!("4xx")] {
        let output = setting.output("http", json!({"url": missing.url("/"), "expect": {"status": status}}));
        assert_eq!(output["status"], json!(404));
    }
    let fine = Server::saying("200 OK", "", "");
    let error = setting.error("http", json!({"url": fine.url("/"), "expect": {"status": 204}}));
    assert_eq!(error.class, ErrorClass::Validation);
}

#[test]
fn a_body_that_does_not_fit_its_schema_is_refused_with_the_place() {
    let setting = Setting::new();
    let schema = json!({"properties": {"items": {"items": {"properties": {"id": {"type": "integer"}}}}}});
    let wrong = Server::saying("200 OK", "Content-Type: application/json\r\n", "{\"items\":[{\"id\":1},{\"id\":\"hush\"}]}");
    let error = setting.error("http", json!({"url": wrong.url("/"), "expect": {"schema": schema}}));
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(error.message.contains("`/items/1/id`") && !error.message.contains("hush"), "{}", error.message);
    assert_eq!(error.details["misfits"][0]["path"], "/items/1/id");
    let right = Server::saying("200 OK", "Content-Type: application/json\r\n", "{\"items\":[{\"id\":1}]}");
    assert_eq!(setting.output("http", json!({"url": right.url("/"), "expect": {"schema": schema}}))["status"], 200);
}

#[test]
fn a_server_that_is_not_there_is_a_missing_dependency() {
    let setting = Setting::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = setting.error("http", json!({"url": format!("http://{address}/")}));
    assert_eq!(refused.class, ErrorClass::Dependency, "{}", refused.message);
    let unknown = setting.error("http", json!({"url": "http://no-such-host.invalid/"}));
    assert_eq!(unknown.class, ErrorClass::Dependency, "{}", unknown.message);
}

#[test]
fn a_connection_that_breaks_may_hold_the_next_time() {
    let setting = Setting::new();
    let silent = Server::new(|_| None);
    assert_eq!(setting.error("http", json!({"url": silent.url("/")})).class, ErrorClass::Transient);
    let half = Server::new(|_| Some(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()));
    assert_eq!(setting.error("http", json!({"url": half.url("/")})).class, ErrorClass::Transient);
}

#[test]
fn an_answer_that_does_not_come_is_out_of_time() {
    let setting = Setting::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let underway = setting.start("http", json!({"url": url}), Some(Duration::from_millis(50)));
    let key = underway.key.clone();
    assert_eq!(error(underway.report()).class, ErrorClass::Timeout);
    assert!(setting.log(&key)[0].contains("timeout of 50ms"), "{:?}", setting.log(&key));
    let own = setting.error("http", json!({"url": url, "timeout": "60ms"}));
    assert!(own.message.contains("60ms"), "{}", own.message);
}

#[test]
fn a_request_under_way_can_be_cancelled() {
    let setting = Setting::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let underway = setting.start("http", json!({"url": url}), None);
    let _connection = listener.accept().unwrap();
    setting.actions.cancel(&underway.key);
    assert_eq!(underway.report().outcome, AttemptOutcome::Cancelled);
}

#[test]
fn redirects_are_followed_ten_times_and_never_to_files() {
    let setting = Setting::new();
    let server = Server::new(|request| {
        let path = request.split(' ').nth(1).unwrap();
        let count: usize = path[1..].parse().unwrap_or(0);
        Some(match count {
            0 => response("200 OK", "", b"there"),
            99 => response("302 Found", "location: file:///etc/passwd\r\n", b""),
            _ => response("302 Found", &format!("location: /{}\r\n", count - 1), b""),
        })
    });
    assert_eq!(setting.output("http", json!({"url": server.url("/10")}))["body"], json!("there"));
    let many = setting.error("http", json!({"url": server.url("/11")}));
    assert_eq!(many.class, ErrorClass::Permanent);
    assert!(many.message.contains("more than 10"), "{}", many.message);
    let file = setting.start("http", json!({"url": server.url("/99")}), None).report();
    assert!(matches!(file.outcome, AttemptOutcome::Failed(_)), "{file:?}");
    let shown = setting.output("http", json!({"url": server.url("/5"), "follow_redirects": false}));
    assert_eq!((&shown["status"], &shown["headers"]["location"]), (&json!(302), &json!("/4")));
}

#[test]
fn an_answer_beyond_the_bound_is_refused() {
    let setting = Setting::new();
    let server = Server::new(|_| Some(response("200 OK", "", &vec![b'x'; (16 << 20) + 1])));
    let error = setting.error("http", json!({"url": server.url("/")}));
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(error.message.contains("16 MiB"), "{}", error.message);
}

#[test]
fn an_answer_that_lies_about_being_json_is_refused() {
    let server = Server::saying("200 OK", "content-type: application/json\r\n", "<html>");
    assert_eq!(Setting::new().error("http", json!({"url": server.url("/")})).class, ErrorClass::Validation);
}
