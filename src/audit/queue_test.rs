//! Tests of the order of the queue.

use super::*;

/// The queue as `left right kind alike`.
fn check(network: &Network, expected: &[&str]) {
    let line = |asked: &Asked| {
        let name = |row: u32| network.keys().name(row).replace("s:", "");
        format!("{} {} {} {}", name(asked.l), name(asked.r), asked.kind.name(), asked.alike)
    };
    assert_eq!(queue(network).asked.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn who_is_unsure_comes_before_who_is_nearly_certain() {
    let records = ["s:a A 100", "s:b B 100", "s:c C 100", "s:d D 100", "s:e E 100", "s:f F 100"];
    let review = |l, r, p| (l, r, "review", p);
    let network = Network::made(&records, &[], &[review(0, 1, 0.79), review(2, 3, 0.6), review(4, 5, 0.01)]);
    // 0.79 is surer than 0.6, and its answer likelier changes what is: the chance weighs more here.
    check(&network, &["a b review 0", "c d review 0", "e f review 0"]);
}

#[test]
fn more_yen_and_more_records_come_first() {
    let records = ["s:a A 0", "s:b B 0", "s:c C 900", "s:d D 900", "s:e E 0", "s:f E 0", "s:g G 0", "s:h G 0"];
    let review = |l, r| (l, r, "review", 0.6);
    let network = Network::made(&records, &[], &[review(0, 1), review(2, 3), review(4, 6)]);
    check(&network, &["c d review 0", "e g review 0", "a b review 0"]);
    let found = queue(&network);
    let stake = found.asked[1].stake;
    assert_eq!((stake.pairs, stake.records, stake.customers, stake.yen), (4, 2, 1, 0.0));
    // Of what is alike the smaller rows come first, however the ledger came.
    let records = ["s:a A 0", "s:b B 0", "s:c C 0", "s:d D 0"];
    let network = Network::made(&records, &[], &[review(2, 3), review(0, 1)]);
    check(&network, &["a b review 0", "c d review 0"]);
}

#[test]
fn of_two_customers_one_pair_is_asked() {
    let records = ["s:a A 0", "s:b A 0", "s:c C 0", "s:d C 0"];
    let refused = [(0, 2, "cut x", 0.9), (0, 3, "review", 0.6), (1, 2, "refused x", 0.99), (1, 3, "overridden", 0.5)];
    let network = Network::made(&records, &[(0, 1, 0.99, true), (2, 3, 0.99, true)], &refused);
    check(&network, &["a d review 2"]);
}

#[test]
fn every_kind_has_its_name() {
    let records = ["s:a A 0", "s:b B 0", "s:c C 0", "s:d D 0", "s:e E 0", "s:f F 0", "s:g G 0", "s:h H 0"];
    let refused = [
        (0, 1, "review", 0.7),
        (2, 3, "review s:c fits s:a as well", 0.7),
        (4, 5, "cut x", 0.69),
        (6, 7, "refused x", 0.68),
    ];
    let network = Network::made(&records, &[], &refused);
    check(&network, &["a b review 0", "c d contested 0", "e f cut 0", "g h refused 0"]);
    assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)) && Kind::named("x").is_none());
}

#[test]
fn a_weak_link_is_asked_where_it_alone_holds_a_customer_together() {
    let records = ["s:a A 0", "s:b A 0", "s:c A 0", "s:d A 0"];
    let (weak, strong) = (0.81, 0.99);
    let chain = [(0, 1, strong, true), (1, 2, weak, true), (2, 3, strong, true)];
    let network = Network::made(&records, &chain, &[]);
    check(&network, &["b c bridge 0"]);
    let stake = queue(&network).asked[0].stake;
    assert_eq!((stake.pairs, stake.records), (4, 2), "two and two records part");
    let ring = [chain[0], chain[1], chain[2], (0, 3, weak, true)];
    check(&Network::made(&records, &ring, &[]), &[]);
    // A pair that is no link holds nothing together.
    let beside = [chain[0], chain[1], chain[2], (0, 3, weak, false)];
    check(&Network::made(&records, &beside, &[]), &["b c bridge 0"]);
}

#[test]
fn what_is_certain_has_no_gain() {
    assert_eq!([unsure(0.0), unsure(0.5), unsure(1.0)], [0.0, 1.0, 0.0]);
    let stake = Stake { pairs: 4, records: 2, customers: 1, yen: 50.0 };
    assert_eq!(stake.worth((2.0, 50.0)), 4.0, "a customer as they are on average counts four times over");
    assert_eq!(stake.worth((0.0, 0.0)), 1.0, "a lake without anything");
}
