//! A run through a store that fails: it goes on, or ends with a sentence that names the object; nothing is half-published;
//! the next run finishes the work.

use super::proxy::{Fault, Proxy, bursts};
use super::server::Server;
use super::{command, copy, differences, fails, ok, output, run, state};
use crate::support::{Retailer, as_text, published};

/// Answers of the proxy that have to be injected.
const INJECTIONS: usize = 100;

#[test]
#[ignore = "takes minutes; `make s3-test` runs it"]
fn a_hundred_faults_publish_nothing_wrong() {
    let server = Server::start(&["raw", "crm"]);
    let proxy = Proxy::start(server.address);
    let retailer = Retailer::new(60, 63);
    copy(&retailer.path("input"), &server.bucket("raw").join("old"));
    copy(&retailer.path("input"), &server.bucket("raw").join("new"));
    // The old input lacks the newest tickets, so that the new one makes a second run.
    let tickets = std::fs::read_dir(server.bucket("raw").join("old/support")).expect("tickets").flatten();
    std::fs::remove_file(tickets.map(|e| e.path()).max().expect("a file")).expect("removed");

    // Never disturbed: the lake of the first run, and that after the second.
    let crm = server.bucket("crm");
    ok(command(server.address, &run("s3://raw/old", "s3://crm/old")));
    copy(&crm.join("old"), &crm.join("new"));
    proxy.plan(|_, _| None);
    ok(command(proxy.address, &run("s3://raw/new", "s3://crm/new")));
    let requests = proxy.log().len();
    let (old, new) = (ask(&server, "s3://crm/old"), ask(&server, "s3://crm/new"));
    assert_ne!(old, new);
    let bytes = published(&crm.join("new"));

    let (mut injected, mut rounds, mut failed, mut seen) = (0, 0, 0, Vec::new());
    while injected < INJECTIONS {
        rounds += 1;
        let (folder, lake) = (format!("round{rounds}"), format!("s3://crm/round{rounds}"));
        copy(&crm.join("old"), &crm.join(&folder));
        proxy.plan(bursts(rounds, requests));
        let mut disturbed = command(proxy.address, &run("s3://raw/new", &lake));
        disturbed.env("AWS_MAX_ATTEMPTS", "4");
        let ended = output(disturbed);
        let faults = proxy.plan(|_, _| None);
        let said = as_text(&String::from_utf8_lossy(&ended.stderr));
        let about = format!("round {rounds}, {faults:?}, {:?}:\n{said}", ended.status.code());
        let now = ask(&server, &lake);
        match ended.status.code() {
            Some(0) => assert_eq!(now, new, "{about}"),
            Some(3) => {
                failed += 1;
                assert!(now == old || now == new, "half a run is published: {about}");
                let named = said.lines().any(|l| l.contains("s3://crm/") || l.contains("s3://raw/"));
                assert!(named && said.contains("error: ") && said.contains("hint: "), "{about}");
            }
            _ => panic!("{about}"),
        }
        ok(command(server.address, &run("s3://raw/new", &lake)));
        assert_eq!(ask(&server, &lake), new, "{about}");
        assert_eq!(differences(&bytes, &published(&crm.join(&folder))), [""; 0], "{about}");
        std::fs::remove_dir_all(crm.join(&folder)).expect("removed");
        injected += faults.len();
        seen.extend(faults);
    }
    println!("{injected} faults in {rounds} runs of {requests} requests each; {failed} runs ended with exit 3");
    for fault in [Fault::Broken, Fault::Busy, Fault::LostAnswer, Fault::CutRequest, Fault::CutAnswer, Fault::Expired] {
        assert!(seen.contains(&fault), "{fault:?} never happened");
    }
    assert!(failed > 0 && failed < rounds, "some runs fail, some survive: {failed} of {rounds}");
}

fn ask(server: &Server, lake: &str) -> String {
    ok(command(server.address, &state(lake)))
}

#[test]
fn a_store_that_stays_away_ends_the_run_with_a_sentence() {
    let server = Server::start(&["raw", "crm"]);
    let proxy = Proxy::start(server.address);
    let retailer = Retailer::new(60, 64);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));
    let fails_with = |fault: Fault, part: &'static str| {
        proxy.plan(move |_, request| request.line().contains(part).then_some(fault));
        let mut command = command(proxy.address, &run("s3://raw/daily", "s3://crm/lake"));
        command.env("AWS_MAX_ATTEMPTS", "3").env("AWS_TIMEOUT", "1s");
        fails(3, command)
    };
    let stalled = fails_with(Fault::Stalled, "/raw/daily/app/users");
    assert!(stalled.contains("cannot read s3://raw/daily/app/users") && stalled.contains("timed out"), "{stalled}");
    let busy = fails_with(Fault::Busy, "/raw/daily/shop/orders");
    let expected = "the server answered 503 Service Unavailable (SlowDown), after 2 retries";
    assert!(busy.contains("cannot read s3://raw/daily/shop/orders") && busy.contains(expected), "{busy}");
    let expired = fails_with(Fault::Expired, "/crm/lake/work/");
    assert!(expired.contains("s3://crm/lake/work/") && expired.contains("have expired"), "{expired}");
    let cut = fails_with(Fault::CutRequest, "/crm/lake/tables/ledger");
    assert!(cut.contains("cannot write s3://crm/lake/tables/ledger"), "{cut}");
    let commit = fails_with(Fault::Broken, "/crm/lake/tables/run/_delta_log/");
    assert!(commit.contains("s3://crm/lake/tables/run") && commit.contains("500 Internal Server Error"), "{commit}");
    // Then it gets well, and what was finished is kept.
    proxy.plan(|_, _| None);
    ok(command(proxy.address, &run("s3://raw/daily", "s3://crm/lake")));
    assert!(!proxy.log().iter().any(|line| line.starts_with("PUT") && line.contains("/ingest/")), "{:?}", proxy.log());
    let nobody = fails(3, {
        let mut command = command("127.0.0.1:9".parse().expect("an address"), &run("s3://raw/daily", "s3://crm/lake"));
        command.env("AWS_MAX_ATTEMPTS", "2");
        command
    });
    assert!(nobody.contains("cannot list s3://crm/lake/desk") && nobody.contains("refused"), "{nobody}");
}
