//! Many against few: what a sign-in, a page and a change cost where there are a thousand times as many users and audit
//! records. The databases lie side by side and are asked in turn.

use super::super::machine::database_pids;
use super::super::seed::{Size, seed};
use super::{
    CREDENTIALS, Client, Home, Instant, Limit, PASSWORD, Run, Server, change, json, measured, median, middle_and_tail,
    watched,
};

const FEW: Size = Size { users: 1_000, audit_records: 10_000 };
const ANOTHER: &str = "Another-battery-2";

struct Place {
    home: Home,
    server: Server,
    size: Size,
    /// How many users have been asked for already.
    asked: u64,
}

impl Place {
    fn furnish(run: &Run, size: Size) -> Self {
        let home = run.home();
        home.furnish(1);
        let server = home.start_without_hashing();
        // Until neither the password nor what is remembered has the full price any more.
        let mut owner = Client::signed_in(&server.host, "user-0", PASSWORD);
        let mut passwords = [PASSWORD, ANOTHER];
        for _ in 0..26 {
            change(&mut owner, passwords[0], passwords[1]);
            passwords.swap(0, 1);
        }
        drop(Client::signed_in(&server.host, "user-0", PASSWORD));
        drop(server);
        seed(&home, size);
        let server = home.start_without_hashing();
        let ready = server.ready_after().as_secs_f64() * 1000.0;
        let seen = json!({"users": size.users, "audit_records": size.audit_records, "ready_after_ms": ready});
        measured("G9", home.engine, seen);
        Self { home, server, size, asked: 0 }
    }

    /// CPU of the server and of its database for all acts, and how long each took, in milliseconds.
    fn measure(&self, acts: usize, mut act: impl FnMut(usize)) -> Cost {
        let mut pids = vec![self.server.pid()];
        pids.extend(database_pids(self.home.postgres_url()));
        let mut times = Vec::with_capacity(acts);
        let ((), seen) = watched(&pids, || {
            for number in 0..acts {
                let began = Instant::now();
                act(number);
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
        });
        Cost { cpu: seen.servers * 1000.0, times }
    }

    /// Sign-ins, pages and changes of a few users whom nobody has asked for, far from each other.
    fn flows(&mut self, of_all: u64) -> [Cost; 3] {
        let step = (self.size.users - 1) / of_all;
        let user = |number: usize| format!("user-{}", 1 + (self.asked + number as u64) * step);
        let mut visitors: Vec<Client> = (0..SLICE).map(|_| Client::new(&self.server.host)).collect();
        let sign_ins = self.measure(SLICE, |number| {
            let visitor = &mut visitors[number];
            visitor.open_sign_in();
            let answer = visitor.submit_sign_in(&user(number), PASSWORD);
            assert_eq!(visitor.follow(answer).status, 200, "the console");
        });
        let pages = self.measure(SLICE, |number| assert_eq!(visitors[number].get(CREDENTIALS).status, 200));
        let changes = self.measure(SLICE, |number| change(&mut visitors[number], PASSWORD, ANOTHER));
        self.asked += SLICE as u64;
        [sign_ins, pages, changes]
    }
}

/// Of some acts.
#[derive(Default)]
struct Cost {
    cpu: f64,
    times: Vec<f64>,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.times.extend(other.times);
    }

    /// CPU of one act, and the p50 of what one took.
    fn each(&mut self) -> (f64, f64) {
        (self.cpu / self.times.len() as f64, middle_and_tail(&mut self.times).0)
    }
}

/// As many of each act come one after the other at one place, before it is the other's turn.
const SLICE: usize = 20;
const ACTS: [&str; 3] = ["a sign-in", "the credentials page", "a change"];

pub fn many_users(run: &mut Run) {
    let mut places = [FEW, run.size].map(|size| Place::furnish(run, size));
    // Of a thousand users nobody is asked for twice. More rounds than elsewhere, as what a million leaves cold differs most.
    let (rounds, slices) = (run.rounds() + 2, run.times(8));
    let of_all = ((rounds + 1) * slices * SLICE) as u64;
    let engine = places[0].home.engine;
    let mut ratios: [[Vec<f64>; 2]; 3] = Default::default();
    for round in 0..=rounds {
        let mut costs: [[Cost; 3]; 2] = Default::default();
        for _ in 0..slices {
            for (costs, place) in costs.iter_mut().zip(&mut places) {
                costs.iter_mut().zip(place.flows(of_all)).for_each(|(all, some)| all.add(some));
            }
        }
        let [few, many] = costs.map(|costs| costs.map(|mut cost| cost.each()));
        for (act, (ratios, (few, many))) in ACTS.iter().zip(ratios.iter_mut().zip(few.iter().zip(&many))) {
            let line = json!({"round": round, "act": act, "few_cpu_ms": few.0, "many_cpu_ms": many.0,
                "few_p50_ms": few.1, "many_p50_ms": many.1});
            measured("G9", engine, line);
            // The first round warms what the others find warm.
            if round > 0 {
                ratios[0].push(many.0 / few.0);
                ratios[1].push(many.1 / few.1);
            }
        }
    }
    for (act, [cpu, middle]) in ACTS.iter().zip(ratios) {
        for (what, ratios) in [("CPU", cpu), ("p50", middle)] {
            let what = format!("{what} of {act} among {} users, to that among 1000", run.size.users);
            run.report.figure("G9", engine, &what, median(ratios), Limit::AtMost(1.2));
        }
    }
}
