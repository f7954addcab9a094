//! Where keys come from, and that they are not shown: environment, profile files, the metadata service.

use super::server::Server;
use super::web::{Request, answer, serve};
use super::{KEY, SECRET, TOKEN, args, bare, command, copy, fails, ok, run};
use crate::support::Retailer;

const NOTHING: [&str; 4] = ["sql", "--lake", "s3://crm/lake", "select 1"];

#[test]
fn keys_come_from_profile_files() {
    let server = Server::start(&["raw", "crm"]);
    let retailer = Retailer::new(60, 72);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));
    let keys = format!("aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n");
    let home = retailer.path("home");
    std::fs::create_dir_all(home.join(".aws")).expect("a folder");
    let config = format!("[profile shop]\nregion = us-east-1\nendpoint_url = http://{}\n", server.address);
    std::fs::write(home.join(".aws/config"), config).expect("written");
    std::fs::write(home.join(".aws/credentials"), format!("[shop]\n{keys}")).expect("written");
    let with = |arguments: &[String], profile: &str| {
        let mut command = bare(arguments);
        command.env("HOME", &home).env("AWS_PROFILE", profile);
        command
    };
    ok(with(&run("s3://raw/daily", "s3://crm/lake"), "shop"));
    let said = fails(2, with(&args(&NOTHING), "nobody"));
    assert!(said.contains("\"nobody\" is neither in") && said.contains("AWS_PROFILE"), "{said}");
}

#[test]
fn keys_come_from_the_metadata_service() {
    let server = Server::start(&["raw", "crm"]);
    let retailer = Retailer::new(60, 73);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));
    let machine = serve(|mut client| {
        let Some(request) = Request::read(&mut client) else { return };
        let keys = format!(
            r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{KEY}","SecretAccessKey":"{SECRET}","Token":"{TOKEN}","LastUpdated":"2026-11-22T00:00:00Z","Expiration":"2099-01-01T00:00:00Z"}}"#
        );
        let body = match request.line() {
            "PUT /latest/api/token" => "session",
            "GET /latest/meta-data/iam/security-credentials/" => "role",
            "GET /latest/meta-data/iam/security-credentials/role" => keys.as_str(),
            _ => return answer(&mut client, "404 Not Found", "", b"", true),
        };
        answer(&mut client, "200 OK", "", body.as_bytes(), true);
    });
    let mut on_machine = bare(&run("s3://raw/daily", "s3://crm/lake"));
    on_machine.env("AWS_ENDPOINT_URL", format!("http://{}", server.address)).env("AWS_REGION", "us-east-1");
    on_machine.env("AWS_METADATA_ENDPOINT", format!("http://{machine}"));
    ok(on_machine);
}

#[test]
fn missing_and_wrong_keys_are_said_without_showing_them() {
    let server = Server::start(&["crm"]);
    let mut nothing = bare(&args(&NOTHING));
    nothing.env("AWS_ENDPOINT_URL", format!("http://{}", server.address));
    // Where there is no metadata service.
    nothing.env("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9");
    let said = fails(3, nothing);
    assert!(said.contains("no credentials were found") && said.contains("AWS_PROFILE"), "{said}");

    let mut wrong = command(server.address, &args(&NOTHING));
    wrong.env("AWS_SECRET_ACCESS_KEY", format!("{SECRET}x"));
    let said = fails(3, wrong);
    assert!(said.contains("403 Forbidden (SignatureDoesNotMatch)") && said.contains("check the credentials"), "{said}");

    let mut half = bare(&args(&NOTHING));
    half.env("AWS_ACCESS_KEY_ID", KEY);
    let said = fails(2, half);
    assert!(said.contains("s3://crm cannot be reached") && said.contains("hint: "), "{said}");

    let mut silent = command(server.address, &args(&NOTHING));
    silent.env("AWS_MAX_ATTEMPTS", "none");
    assert!(fails(2, silent).contains("AWS_MAX_ATTEMPTS is \"none\""));
    let said = fails(2, bare(&args(&["sql", "--lake", &format!("https://host/lake?sig={SECRET}"), "select 1"])));
    assert!(said.contains("has a query"), "{said}");
}

#[test]
fn virtual_hosted_style_is_asked_for_by_the_environment() {
    // The server would need a name for each bucket; so this looks at what is asked for: no bucket in the path.
    let (asked, requests) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let host = serve(move |mut client| {
        let Some(request) = Request::read(&mut client) else { return };
        let _ = asked.lock().expect("the channel").send(request.line().to_string());
        answer(&mut client, "403 Forbidden", "", b"", true);
    });
    let mut hosted = command(host, &args(&NOTHING));
    hosted.env("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
    fails(3, hosted);
    let line = requests.recv().expect("a request");
    assert!(line.starts_with("GET /lake/tables/"), "{line}");
    fails(3, command(host, &args(&NOTHING)));
    let line = requests.recv().expect("a request");
    assert!(line.starts_with("GET /crm/lake/tables/"), "{line}");
}
