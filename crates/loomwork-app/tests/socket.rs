//! The private socket, spoken to by hand: what an owner does with peers that misbehave.

#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod support;

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use loomwork_api::CONTRACT_VERSION;
use serde_json::{Value, json};
use support::{LONG, Place, script};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

struct Peer(UnixStream);

impl Peer {
    async fn connect(place: &Place) -> Self {
        Self(UnixStream::connect(socket(place)).await.unwrap())
    }

    async fn welcomed(place: &Place) -> Self {
        let mut peer = Self::connect(place).await;
        peer.say(&hello(CONTRACT_VERSION)).await;
        assert!(peer.hear().await.unwrap().get("welcome").is_some());
        peer
    }

    async fn say(&mut self, message: &Value) {
        let text = message.to_string();
        self.0.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next message; none when the owner has hung up.
    async fn hear(&mut self) -> Option<Value> {
        let heard = tokio::time::timeout(LONG, async {
            let length = self.0.read_u32().await.ok()?;
            let mut text = vec![0; length as usize];
            self.0.read_exact(&mut text).await.ok()?;
            serde_json::from_slice(&text).ok()
        });
        heard.await.expect("the owner answers or hangs up")
    }
}

fn socket(place: &Place) -> PathBuf {
    let address: Value = serde_json::from_str(&place.read(".loomwork/owner.json")).unwrap();
    address["socket"].as_str().unwrap().into()
}

fn hello(contract: u32) -> Value {
    json!({"hello": {"contract": contract, "version": "9.9.9", "actor": "peer"}})
}

fn call(id: u64, method: &str, params: &Value) -> Value {
    json!({"call": {"id": id, "request": {"method": method, "params": params}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_of_this_user_alone_and_goes_with_its_owner() {
    let place = Place::new(&[]);
    let owner = place.own().await;
    let socket = socket(&place);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    owner.close().await;
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_contract_is_told_so_and_sent_away() {
    let place = Place::new(&[]);
    let owner = place.own().await;
    let mut peer = Peer::connect(&place).await;
    peer.say(&hello(CONTRACT_VERSION + 1)).await;
    let refusal = peer.hear().await.unwrap()["refused"]["message"].as_str().unwrap().to_owned();
    assert!(refusal.contains("9.9.9") && refusal.contains("same version"), "{refusal}");
    assert_eq!(peer.hear().await, None);
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_its_own_connection_and_nothing_else() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo hi"))]);
    let owner = place.own().await;
    let mut good = Peer::welcomed(&place).await;
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0, 0, 2, b'{', b'}'], &[255; 64], &[0, 0, 0, 0]] {
        let mut bad = Peer::connect(&place).await;
        bad.0.write_all(bytes).await.unwrap();
        assert_eq!(bad.hear().await, None);
    }
    let mut rude = Peer::connect(&place).await;
    rude.say(&call(1, "get_workspace", &json!({}))).await;
    assert_eq!(rude.hear().await, None, "nothing is answered before the greeting");
    good.say(&call(7, "get_workspace", &json!({}))).await;
    let answer = good.hear().await.unwrap();
    assert_eq!((&answer["answer"]["id"], &answer["answer"]["value"]["actor"]), (&json!(7), &json!("peer")));
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_watches_share_a_connection_and_carry_the_guests_name() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo hi"))]);
    let owner = place.own().await;
    let mut peer = Peer::welcomed(&place).await;
    peer.say(&json!({"watch": {"id": 1, "watch": {}}})).await;
    peer.say(&call(2, "start_run", &json!({"workflow": "w"}))).await;
    peer.say(&call(3, "start_run", &json!({"workflow": "none"}))).await;
    let (mut started, mut failed, mut succeeded) = (None, None, false);
    while !(started.is_some() && failed.is_some() && succeeded) {
        let message = peer.hear().await.unwrap();
        if let Some(answer) = message.get("answer") {
            started = Some(answer["value"]["trigger"]["actor"].clone());
        } else if let Some(failure) = message.get("failure") {
            failed = Some((failure["id"].clone(), failure["error"]["code"].clone()));
        } else {
            let runs = message["news"]["news"]["runs"].as_array().unwrap().clone();
            succeeded |= runs.iter().any(|run| run["status"] == "succeeded");
        }
    }
    assert_eq!((started, failed), (Some(json!("peer")), Some((json!(3), json!("not_found")))));
    owner.close().await;
    while peer.hear().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_watch_ends_its_news() {
    let place = Place::new(&[("workflows/w.yaml", &script("w", "echo hi"))]);
    let owner = place.own().await;
    let mut peer = Peer::welcomed(&place).await;
    peer.say(&json!({"watch": {"id": 1, "watch": {}}})).await;
    peer.say(&json!({"unwatch": {"id": 1}})).await;
    peer.say(&json!({"unwatch": {"id": 99}})).await;
    // Answered in order: when this answer is here, the watch has ended.
    peer.say(&call(2, "get_workspace", &json!({}))).await;
    assert_eq!(peer.hear().await.unwrap()["answer"]["id"], 2);
    let run = owner.request(support::start("w")).await.unwrap();
    support::ended(&owner, &run.summary.id).await;
    peer.say(&call(3, "get_workspace", &json!({}))).await;
    assert_eq!(peer.hear().await.unwrap()["answer"]["id"], 3, "no news in between");
    owner.close().await;
}
