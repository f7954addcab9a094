//! Tests of clusters.

use super::*;
use crate::identity::votes::is_forbidden;
use crate::model::sample::mix;

fn edge(l: u32, r: u32, person: f64) -> Edge {
    Edge { l, r, person, household: 0.0 }
}

/// One bound for all pairs. It lives as long as the test.
fn bounds(auto: f64) -> &'static Bounds {
    Box::leak(Box::new(Bounds::of(auto)))
}

#[path = "cluster_steps_test.rs"]
mod steps;

type Whole = fn(&[u32], &[u32]) -> f64;

/// Rules under which pairs without an edge say nothing, but for those that contradict.
fn rules<C: Fn(u32, u32) -> bool>(auto: f64, contradict: C) -> Rules<'static, impl Fn(u32, u32) -> i64, Whole> {
    let vote = move |l, r| if contradict(l, r) { CONTRADICTS } else { 0 };
    Rules { bounds: bounds(auto), vote, whole: |_, _| 1.0, channel_of: &[], most: &[] }
}

#[test]
fn a_chain_does_not_join_rows_that_contradict() {
    let edges = [edge(0, 1, 0.9999), edge(1, 2, 0.95)];
    let (labels, fates) = cluster(3, &edges, &rules(0.9, |l, r| l.min(r) == 0 && l.max(r) == 2));
    assert_eq!(labels, [0, 0, 2]);
    assert_eq!(fates, [Fate::Linked, Fate::Contested(1, 0)]);
    // Where the two have no neighbour in common, the chain between them is cut.
    let edges = [edge(0, 1, 0.99), edge(1, 2, 0.98), edge(2, 3, 0.95)];
    let (labels, fates) = cluster(4, &edges, &rules(0.9, |l, r| l.min(r) == 0 && l.max(r) == 3));
    assert_eq!(labels, [0, 0, 0, 3]);
    assert_eq!(fates, [Fate::Linked, Fate::Linked, Fate::Cut(0, 3)]);
}

#[test]
fn the_order_of_edges_does_not_matter() {
    let edges: Vec<Edge> = (0..200u32)
        .map(|i| {
            let l = i * 7 % 40;
            let r = l + 1 + i * 3 % 9;
            edge(l, r, 0.5 + f64::from(i % 50) / 100.0)
        })
        .collect();
    let odd = |l: u32, r: u32| (l + r).is_multiple_of(11);
    let (labels, _) = cluster(50, &edges, &rules(0.6, odd));
    let mut turned = edges.clone();
    turned.reverse();
    assert_eq!(labels, cluster(50, &turned, &rules(0.6, odd)).0);
}

#[test]
fn where_nothing_speaks_against_it_clusters_are_connected_components() {
    let edges = [edge(0, 3, 0.95), edge(3, 4, 0.95), edge(1, 2, 0.9), edge(4, 5, 0.2)];
    assert_eq!(cluster(6, &edges, &rules(0.9, |_, _| false)).0, [0, 1, 1, 0, 0, 5]);
}

#[test]
fn a_record_that_fits_two_people_goes_to_neither() {
    // 0 fits 1 and 2, who are two people.
    let edges = [edge(0, 1, 0.97), edge(0, 2, 0.95)];
    let (labels, fates) = cluster(3, &edges, &rules(0.9, |l, r| l + r == 3));
    assert_eq!(labels, [0, 1, 2]);
    assert_eq!(fates, [Fate::Contested(0, 2), Fate::Contested(0, 1)]);
    // Far surer of the one than of the other: 0.9999 has nine hundred times the odds of 0.9.
    let edges = [edge(0, 1, 0.9999), edge(0, 2, 0.9)];
    assert_eq!(cluster(3, &edges, &rules(0.9, |l, r| l + r == 3)).0, [0, 0, 2]);
    // The other is no link, but near to one.
    let edges = [edge(0, 1, 0.92), edge(0, 2, 0.6)];
    let (labels, fates) = cluster(3, &edges, &rules(0.9, |l, r| l + r == 3));
    assert_eq!((labels, fates), (vec![0, 1, 2], vec![Fate::Contested(0, 2), Fate::Below]));
}

#[test]
fn a_link_does_not_join_groups_that_vote_against_it() {
    // Two groups of three, one surer link between them; their other eight pairs are against it, a little.
    let against = |size: i64| move |l: u32, r: u32| if (l < 3) != (r < 3) { -size } else { 0 };
    let inside = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)].map(|(l, r)| edge(l, r, 0.99));
    let edges = [&inside[..], &[edge(2, 3, 0.999)]].concat();
    let with = |size: i64| Rules {
        bounds: bounds(0.8),
        vote: against(size),
        whole: |_: &[u32], _: &[u32]| 1.0,
        channel_of: &[],
        most: &[],
    };
    let (labels, fates) = cluster(6, &edges, &with(1200));
    assert_eq!(labels, [0, 0, 0, 3, 3, 3]);
    let sum_for = vote(0.999, 0.0, 0.8) as u32;
    assert_eq!(fates[6], Fate::Outvoted(Tally { pairs_for: 1, pairs_against: 8, sum_for, sum_against: 9600 }));
    assert_eq!(fates[..6], [Fate::Linked; 6]);
    assert_eq!(cluster(6, &edges, &with(900)).0, [0; 6], "the link outweighs the eight");
}

#[test]
fn two_records_that_say_nothing_to_each_other_are_joined_by_a_third() {
    let edges = [edge(0, 1, 0.95), edge(0, 2, 0.95)];
    assert_eq!(cluster(3, &edges, &rules(0.9, |_, _| false)).0, [0, 0, 0]);
}

#[test]
fn two_records_that_contradict_each_other_are_refused() {
    let (labels, fates) = cluster(2, &[edge(0, 1, 0.99)], &rules(0.9, |_, _| true));
    assert_eq!((labels, fates), (vec![0, 1], vec![Fate::Cut(0, 1)]));
    // The pair of the link is named, though others contradict each other too.
    let edges = [edge(0, 1, 0.99), edge(2, 3, 0.99), edge(1, 3, 0.98)];
    let (_, fates) = cluster(4, &edges, &rules(0.9, |l, r| [(0, 2), (1, 3)].contains(&(l, r))));
    assert_eq!(fates[2], Fate::Cut(1, 3));
}

#[test]
fn a_weak_bridge_between_two_groups_is_not_crossed() {
    let edges = [edge(0, 1, 0.99), edge(2, 3, 0.98), edge(1, 2, 0.95)];
    let two = Rules {
        bounds: bounds(0.9),
        vote: |_, _| 0,
        whole: |l: &[u32], r: &[u32]| if l.len() + r.len() == 4 { 0.2 } else { 0.99 },
        channel_of: &[],
        most: &[],
    };
    let (labels, fates) = cluster(4, &edges, &two);
    assert_eq!((labels, fates[2]), (vec![0, 0, 2, 2], Fate::Bridge));
}

#[test]
fn a_channel_has_no_more_records_of_a_person_than_allowed() {
    let of = |most: u32, channel_of: &'static [u8], edges: &[Edge]| {
        let most = [Some(most), None];
        let limited =
            Rules { bounds: bounds(0.9), vote: |_, _| 0, whole: |_: &[u32], _: &[u32]| 1.0, channel_of, most: &most };
        cluster(channel_of.len(), edges, &limited)
    };
    let (labels, fates) = of(1, &[0, 1, 0], &[edge(0, 1, 0.99), edge(1, 2, 0.95)]);
    assert_eq!((labels, fates[1]), (vec![0, 0, 2], Fate::Limit(0)));
    let chain = [edge(0, 1, 0.99), edge(1, 2, 0.98), edge(2, 3, 0.95)];
    let (labels, fates) = of(2, &[0, 0, 1, 0], &chain);
    assert_eq!((labels, fates[2]), (vec![0, 0, 0, 3], Fate::Limit(0)));
}

#[test]
fn two_lists_are_assigned_as_a_whole() {
    // 0 fits 2 best, but 3 as well; 1 fits 2 only.
    let edges = [edge(0, 2, 0.99), edge(0, 3, 0.98), edge(1, 2, 0.97)];
    let lists = Rules {
        bounds: bounds(0.9),
        vote: |_, _| 0,
        whole: |_: &[u32], _: &[u32]| 1.0,
        channel_of: &[0, 0, 1, 1],
        most: &[Some(1), Some(1)],
    };
    let (labels, fates) = cluster(4, &edges, &lists);
    assert_eq!((labels, &fates[..]), (vec![0, 1, 1, 0], &[Fate::Limit(0), Fate::Linked, Fate::Linked][..]));
}

const AUTO: f64 = 0.8;

/// The votes of a random graph.
struct Graph {
    n: u32,
    votes: Vec<i64>,
    channel_of: Vec<u8>,
    most: Vec<Option<u32>>,
}

/// The kinds of random graphs: votes at random, few votes, planted people whose pairs vote wrongly now and then, contradictions, and
/// limits by channel.
const KINDS: usize = 5;

impl Graph {
    /// The graph of `seed`, of up to nine records; the kinds come by turns.
    fn random(seed: u64) -> Self {
        let n = 2 + (mix(seed) % 8) as u32;
        let people = 1 + mix(seed ^ 1) % 4;
        let person = |row: u32| mix(seed << 8 | u64::from(row)) % people;
        let draw = |l: u32, r: u32, what: u64| mix(mix(seed ^ what << 40) ^ u64::from(l * 16 + r)) % 1000;
        let mut votes = vec![0i64; (n * n) as usize];
        for l in 0..n {
            for r in l + 1..n {
                let size = 1 + (draw(l, r, 2) as i64) * 10;
                let vote = match seed as usize % KINDS {
                    0 => {
                        if draw(l, r, 3) < 500 {
                            size
                        } else {
                            -size
                        }
                    }
                    1 => match draw(l, r, 3) {
                        0..250 => size,
                        250..450 => -size,
                        _ => 0,
                    },
                    2 => {
                        if (person(l) == person(r)) == (draw(l, r, 3) < 800) {
                            size
                        } else {
                            -size
                        }
                    }
                    _ => match draw(l, r, 3) {
                        0..80 => CONTRADICTS,
                        80..500 => size,
                        500..650 => -size,
                        _ => 0,
                    },
                };
                votes[(l * n + r) as usize] = vote;
            }
        }
        let limited = seed as usize % KINDS == 4;
        let channel_of = (0..n).map(|row| (mix(seed ^ u64::from(row) << 20) % 3) as u8).collect();
        let most = if limited { vec![Some(1), Some(1 + (mix(seed) % 2) as u32), None] } else { Vec::new() };
        let mut graph = Graph { n, votes, channel_of, most };
        for (l, r) in graph.contested() {
            graph.votes[(l * n + r) as usize] = 0;
        }
        graph
    }

    /// The links that are contested: they have no vote.
    fn contested(&self) -> Vec<(u32, u32)> {
        let (edges, rules) = (self.links(), rules(AUTO, |l, r| self.vote(l, r) == CONTRADICTS));
        let neighbours = Neighbours::new(self.n as usize, &edges);
        edges
            .into_iter()
            .filter(|e| neighbours.contested(*e, &rules, f64::INFINITY).is_some())
            .map(|e| (e.l, e.r))
            .collect()
    }

    /// The pairs that vote for one person, as links with the probability of that vote.
    fn links(&self) -> Vec<Edge> {
        let person = |vote: i64| {
            let odds = AUTO / (1.0 - AUTO) * (vote as f64 / 1000.0).exp2();
            odds / (1.0 + odds)
        };
        let pairs = (0..self.n).flat_map(|l| (l + 1..self.n).map(move |r| (l, r)));
        let strong = pairs.filter(|(l, r)| self.vote(*l, *r) > 0);
        strong.map(|(l, r)| edge(l, r, person(self.vote(l, r)))).collect()
    }

    fn vote(&self, l: u32, r: u32) -> i64 {
        self.votes[(l.min(r) * self.n + l.max(r)) as usize]
    }

    /// The sum of votes inside the clusters.
    fn sum(&self, labels: &[u32]) -> i64 {
        let pairs = (0..self.n).flat_map(|l| (l + 1..self.n).map(move |r| (l, r)));
        pairs.filter(|(l, r)| labels[*l as usize] == labels[*r as usize]).map(|(l, r)| self.vote(l, r)).sum()
    }

    /// The largest sum that any division of the records has, by trying them all.
    fn best(&self) -> i64 {
        fn rest(graph: &Graph, labels: &mut Vec<u32>, groups: u32, sum: i64, best: &mut i64) {
            let row = labels.len() as u32;
            if row == graph.n {
                *best = sum.max(*best);
                return;
            }
            for group in 0..=groups {
                let others = || (0..row).filter(|other| labels[*other as usize] == group);
                let votes: i64 = others().map(|other| graph.vote(other, row)).sum();
                let channel = graph.channel_of[row as usize];
                let of_channel = others().filter(|other| graph.channel_of[*other as usize] == channel).count() as u32;
                if graph.most.get(channel as usize).is_some_and(|most| most.is_some_and(|most| of_channel >= most)) {
                    continue;
                }
                labels.push(group);
                rest(graph, labels, groups.max(group + 1), sum + votes, best);
                labels.pop();
            }
        }
        let mut best = 0;
        rest(self, &mut Vec::new(), 0, 0, &mut best);
        best
    }

    /// Its clusters, and what became of its links.
    fn clustered(&self, turned: bool) -> (Vec<u32>, Vec<Edge>, Vec<Fate>) {
        let rules = rules_of(self);
        let mut edges = self.links();
        if turned {
            edges.reverse();
        }
        let (labels, fates) = cluster(self.n as usize, &edges, &rules);
        (labels, edges, fates)
    }
}

fn rules_of(graph: &Graph) -> Rules<'_, impl Fn(u32, u32) -> i64, Whole> {
    Rules {
        bounds: bounds(AUTO),
        vote: |l, r| graph.vote(l, r),
        whole: |_, _| 1.0,
        channel_of: &graph.channel_of,
        most: &graph.most,
    }
}

#[test]
fn groups_are_as_good_as_the_best_on_random_graphs() {
    let (mut found, mut best, mut missed, mut worst) = ([0i64; KINDS], [0i64; KINDS], 0, (1.0f64, 0u64));
    for seed in 0..10_000 {
        let graph = Graph::random(seed);
        let (labels, edges, fates) = graph.clustered(false);
        let (sum, most) = (graph.sum(&labels), graph.best());
        assert!(!is_forbidden(sum) && sum >= 0, "graph {seed} has a cluster that its own pairs vote against");
        assert!(sum <= most, "graph {seed} has a person with more records of a channel than allowed");
        check_fates(&graph, &labels, &edges, &fates);
        found[seed as usize % KINDS] += sum;
        best[seed as usize % KINDS] += most;
        missed += usize::from(sum < most);
        if most > 0 && (sum as f64 / (most as f64)) < worst.0 {
            worst = (sum as f64 / most as f64, seed);
        }
    }
    let kinds: Vec<f64> = found.iter().zip(best).map(|(found, best)| *found as f64 / best as f64).collect();
    let share = found.iter().sum::<i64>() as f64 / best.iter().sum::<i64>() as f64;
    let reached =
        format!("{share:.5} of the best sum, by kind {kinds:.4?}; {missed} below the best, the worst {worst:.3?}");
    // 0.98 is asked for; this is what is reached, less a little.
    assert!(
        share >= 0.998 && kinds.iter().all(|share| *share >= 0.996) && worst.0 >= 0.6 && missed <= 200,
        "{reached}"
    );
}

/// Each link that was not made has a reason that holds between the two clusters.
fn check_fates(graph: &Graph, labels: &[u32], edges: &[Edge], fates: &[Fate]) {
    let of = |label: u32| (0..graph.n).filter(move |row| labels[*row as usize] == label);
    for (edge, fate) in edges.iter().zip(fates) {
        let (a, b) = (labels[edge.l as usize], labels[edge.r as usize]);
        let across = || of(a).flat_map(|l| of(b).map(move |r| (l, r)));
        match *fate {
            Fate::Linked => assert_eq!(a, b),
            Fate::Cut(l, r) => {
                assert!(across().any(|pair| pair == (l, r) || pair == (r, l)) && graph.vote(l, r) == CONTRADICTS);
            }
            Fate::Outvoted(tally) => {
                let sum: i64 = across().map(|(l, r)| graph.vote(l, r)).sum();
                assert_eq!(sum, i64::from(tally.sum_for) - i64::from(tally.sum_against));
                assert!(a != b && sum <= 0, "{tally:?}");
            }
            Fate::Limit(channel) => {
                let rows = of(a).chain(of(b)).filter(|row| graph.channel_of[*row as usize] == channel);
                assert!(a != b && rows.count() as u32 > graph.most[channel as usize].expect("a limit"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_order_of_links_gives_other_clusters() {
    for seed in 0..2000 {
        let graph = Graph::random(seed);
        let (labels, mut edges, mut fates) = graph.clustered(true);
        edges.reverse();
        fates.reverse();
        assert_eq!((labels, edges, fates), graph.clustered(false), "graph {seed}");
    }
}

#[test]
fn threads_and_the_order_of_links_change_nothing() {
    // Many graphs side by side, those without limits: more components than a thread takes at once.
    let graphs: Vec<Graph> = (0..5000).filter(|seed| seed % KINDS as u64 != 4).map(Graph::random).collect();
    assert!(graphs.len() > 3 * COMPONENTS_AT_ONCE);
    let (mut of, mut edges) = (Vec::new(), Vec::new());
    for graph in &graphs {
        let first = of.len() as u32;
        of.extend((0..graph.n).map(|_| (graph, first)));
        edges.extend(graph.links().into_iter().map(|e| edge(first + e.l, first + e.r, e.person)));
    }
    let vote = |l: u32, r: u32| {
        let ((graph, first), (_, other)) = (of[l as usize], of[r as usize]);
        if first == other { graph.vote(l - first, r - first) } else { 0 }
    };
    let whole: Whole = |_, _| 1.0;
    let rules = Rules { bounds: bounds(AUTO), vote, whole, channel_of: &[], most: &[] };
    let (labels, fates) = cluster_on(1, of.len(), &edges, &rules);
    for threads in [1, 2, 7] {
        let mut order: Vec<usize> = (0..edges.len()).collect();
        order.sort_by_key(|place| mix(threads as u64 ^ (*place as u64) << 8));
        let shuffled: Vec<Edge> = order.iter().map(|place| edges[*place]).collect();
        let expected: Vec<Fate> = order.iter().map(|place| fates[*place]).collect();
        assert_eq!(cluster_on(threads, of.len(), &shuffled, &rules), (labels.clone(), expected), "{threads} threads");
    }
}

/// The groups of a graph that is too large for all its pairs to be asked, as far as the code knows.
fn by_links(graph: &Graph) -> (Vec<u32>, Vec<Step>) {
    let rules = rules_of(graph);
    let rows: Vec<u32> = (0..graph.n).collect();
    let mut component = Component::new(&rows, &rules, 0);
    let links = graph.links().into_iter().map(|e| Link { ends: (e.l, e.r), vote: graph.vote(e.l, e.r) });
    component.link(links.collect());
    let (mut labels, mut trace) = (vec![0; graph.n as usize], Trace::kept());
    for group in groups(&component, &mut trace) {
        group.iter().for_each(|record| labels[*record as usize] = group[0]);
    }
    (labels, trace.into_steps())
}

#[test]
fn groups_of_large_components_are_nearly_as_good() {
    let (mut found, mut best) = (0i64, 0i64);
    for seed in 0..2000 {
        let graph = Graph::random(seed);
        let sum = graph.sum(&by_links(&graph).0);
        assert!(!is_forbidden(sum) && sum >= 0, "graph {seed}");
        (found, best) = (found + sum, best + graph.best());
    }
    let share = found as f64 / best as f64;
    assert!(share >= 0.99, "{share}");
}

/// People of eight records each in one component: links between people by words that they share.
struct Town {
    people: u32,
}

impl Town {
    const EACH: u32 = 8;

    fn edges(&self) -> Vec<Edge> {
        let rows = self.people * Self::EACH;
        let inside = (0..rows).flat_map(|l| (l + 1..(l / Self::EACH + 1) * Self::EACH).map(move |r| (l, r)));
        let strong = inside.filter(|(l, r)| mix(u64::from(l * 8 + r)).is_multiple_of(2)).map(|(l, r)| edge(l, r, 0.99));
        let word = |l: u32| (l, (l + Self::EACH + (mix(u64::from(l)) % 40) as u32) % rows);
        let words = (0..rows).map(word);
        strong.chain(words.map(|(l, r)| edge(l.min(r), l.max(r), 0.95))).collect()
    }

    /// Most pairs of two people speak against them, few of one person do.
    fn vote(l: u32, r: u32) -> i64 {
        match (l / Self::EACH == r / Self::EACH, mix(u64::from(l) << 32 | u64::from(r)) % 10) {
            (true, 0) => -1500,
            (false, 0..7) => -2000,
            _ => 0,
        }
    }

    /// The labels, and how many votes were asked for.
    fn clustered(&self) -> (Vec<u32>, Vec<Fate>, usize) {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let vote = |l, r| {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Self::vote(l, r)
        };
        let rules = Rules { bounds: bounds(0.8), vote, whole: |_: &[u32], _: &[u32]| 1.0, channel_of: &[], most: &[] };
        let (labels, fates) = cluster((self.people * Self::EACH) as usize, &self.edges(), &rules);
        (labels, fates, asked.into_inner())
    }
}

#[test]
fn a_component_of_many_people_is_not_one_customer() {
    let town = Town { people: 89 };
    let (labels, fates, _) = town.clustered();
    let largest = labels.iter().map(|label| labels.iter().filter(|other| *other == label).count()).max();
    assert_eq!(largest, Some(Town::EACH as usize));
    let links: BTreeMap<(u32, u32), i64> =
        town.edges().iter().map(|e| ((e.l, e.r), vote(e.person, 0.0, 0.8))).collect();
    let sum = |of: &dyn Fn(u32) -> u32| -> i64 {
        let rows = labels.len() as u32;
        let inside = (0..rows).flat_map(|l| (l + 1..rows).map(move |r| (l, r))).filter(|(l, r)| of(*l) == of(*r));
        inside.map(|(l, r)| links.get(&(l, r)).copied().unwrap_or_else(|| Town::vote(l, r))).sum()
    };
    let (customers, people) = (sum(&|row| labels[row as usize]), sum(&|row| row / Town::EACH));
    assert!(customers >= people, "the customers have {customers} votes inside, the people {people}");
    assert!(fates.iter().any(|fate| matches!(fate, Fate::Outvoted(_))));
}

#[test]
fn work_grows_with_the_links_of_a_large_component() {
    let [few, many] = [400, 3200].map(|people| Town { people }.clustered().2);
    assert!(many < 10 * few, "eight times the people, {few} and {many} votes");
    assert!(many < 3200 * 8 * 600, "{many} votes of {} records", 3200 * 8);
}
