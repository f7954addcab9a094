//! Two writers on one lake: one publishes, the other says so and loses nothing.

use super::proxy::{Fault, Proxy};
use super::server::Server;
use super::{command, fails, ok, run, state};
use crate::support::{NO_GUARDS, Retailer, own_pipeline};

#[test]
fn of_two_writers_one_publishes_and_the_other_says_so() {
    let server = Server::start(&["crm"]);
    let proxy = Proxy::start(server.address);
    let one = Retailer::new(60, 65);
    let other = Retailer::new(60, 66);
    let lake = "s3://crm/lake";
    // The two deliver other files under one name. The one that is too late has kept its model by then: the next trains its own.
    let pipeline = own_pipeline(&one, |text| text.push_str(NO_GUARDS), |_| {});
    let run = |input: &str, lake: &str| {
        let mut args = run(input, lake);
        args[1].clone_from(&pipeline);
        args
    };
    // The slow one has read what is published, and is held up before its row of `run`; meanwhile the other publishes.
    let (held, hold) = std::sync::mpsc::channel::<()>();
    let (go, going) = std::sync::mpsc::channel::<()>();
    let mut once = Some((held, going));
    proxy.plan(move |_, request| {
        let last = request.line().starts_with("PUT") && request.line().contains("/tables/run/part-");
        if let (true, Some((held, going))) = (last, once.take_if(|_| last)) {
            held.send(()).expect("the test waits");
            going.recv().expect("the test goes on");
        }
        None::<Fault>
    });
    let slow = {
        let command = command(proxy.address, &run(&one.text("input"), lake));
        std::thread::spawn(move || fails(3, command))
    };
    hold.recv().expect("the slow one comes to its end");
    let refused = fails(3, command(server.address, &run(&other.text("input"), lake)));
    assert!(refused.contains("s3://crm/lake is being written by process"), "{refused}");
    // Somebody takes the lock away all the same.
    std::fs::remove_file(server.bucket("crm").join("lake/lock.json")).expect("the lock");
    ok(command(server.address, &run(&other.text("input"), lake)));
    let published = ok(command(server.address, &state(lake)));
    go.send(()).expect("the slow one waits");
    let said = slow.join().expect("it ended");
    assert!(said.contains("another run published to s3://crm/lake") && said.contains("run again"), "{said}");
    assert_eq!(ok(command(server.address, &state(lake))), published, "the faster run is as it was");

    // Again, from what is published now: the second run, without the events of the attempt that was given up.
    ok(command(server.address, &run(&one.text("input"), lake)));
    let clean = "s3://crm/clean";
    ok(command(server.address, &run(&other.text("input"), clean)));
    ok(command(server.address, &run(&one.text("input"), clean)));
    assert_eq!(ok(command(server.address, &state(lake))), ok(command(server.address, &state(clean))));
}

#[test]
fn the_same_run_twice_at_once_is_published_once() {
    let server = Server::start(&["crm"]);
    let retailer = Retailer::new(60, 67);
    let start = || {
        let command = command(server.address, &run(&retailer.text("input"), "s3://crm/lake"));
        std::thread::spawn(move || super::output(command))
    };
    let ended: Vec<_> = [start(), start()].into_iter().map(|t| t.join().expect("it ended")).collect();
    for output in &ended {
        let said = String::from_utf8_lossy(&output.stderr);
        let refused = said.contains("another run published") || said.contains("is being written");
        assert!(output.status.success() || refused, "{said}");
    }
    assert!(ended.iter().any(|o| o.status.success()));
    ok(command(server.address, &run(&retailer.text("input"), "s3://crm/alone")));
    let of = |lake: &str| ok(command(server.address, &state(lake)));
    assert_eq!(of("s3://crm/lake"), of("s3://crm/alone"));
}
