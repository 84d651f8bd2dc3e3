//! The ordinary, lawful user.

use chrono::TimeDelta;
use serde_json::json;
use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::SubjectKind;

use super::super::consenting::{Grant, on_consent};
use super::super::life::{Life, Told};
use super::{Story, lawful};

/// The ordinary story.
pub(in super::super) const ORDINARY: Story = lawful(25, ordinary);

fn ordinary(life: &mut Life<'_>) {
    let services = life.register();
    if life.chance(85) {
        life.identify();
    }
    life.pass_days(0, 3);
    let agreement = life.chance(80).then(|| life.agree());
    life.pass_days(1, 5);
    let advertising = if life.chance(35) {
        Some(life.consent("advertising", &Grant::default()))
    } else {
        if life.chance(40) {
            life.refuse_consent("advertising");
        }
        None
    };
    let transfer = life.chance(35).then(|| {
        let grant = Grant { recipients: &["lawyer-bureau-7", "lawyer-bureau-12"], ..Grant::default() };
        life.consent("transfer", &grant)
    });
    let visits = life.between(4, 16);
    for visit in 0..visits {
        life.pass_days(3, 26);
        if life.nearly_over() {
            return;
        }
        life.keep_up_with_policy();
        match life.between(0, 7) {
            0 if agreement.is_some() => drop(life.service_message()),
            1 => {
                if let Some(advertising) = &advertising {
                    life.advertise(advertising);
                }
            }
            2 if visit > 0 => drop(life.move_house()),
            3 => drop(life.copy_to("dc-almaty-1", "replica")),
            4 => {
                if let Some(transfer) = &transfer {
                    let recipient = life.pick(["lawyer-bureau-7", "lawyer-bureau-12"]);
                    life.disclose_on_consent(transfer, recipient);
                }
            }
            5 => {
                // The case desk sends its log at night, hours after the work.
                let hours = i64::from(life.between(1, 9));
                let telling =
                    life.process("use", "service", &["full_name", "document"], &on_consent(&services));
                telling.late(TimeDelta::hours(hours)).tell();
                life.pass_days(1, 2);
            }
            _ => drop(life.serve(&services)),
        }
    }
    life.pass_days(2, 12);
    if life.nearly_over() {
        return;
    }
    if let Some(agreement) = agreement.filter(|_| life.human.kind != SubjectKind::Entity && life.chance(40)) {
        let ended = life.end_agreement(&agreement);
        life.pass_minutes(10, 60);
        life.consent_ends(&services, "purpose_achieved", &agreement.id, &ended);
    }
}

impl Life<'_> {
    /// Whether the simulated time is so far gone that no new thread is taken up.
    pub(super) fn nearly_over(&self) -> bool {
        self.now > self.world.end() - TimeDelta::days(14)
    }

    /// Has a new delivery address.
    pub(super) fn move_house(&mut self) -> Told {
        let house = self.between(1, 99);
        let address = self.words(
            &format!("г. Астана, ул. Несуществующая, д. {house}"),
            &format!("Астана қ., Жоқ көше, {house}-үй"),
        );
        let data = json!({ "field": "address_delivery", "cause": "subject" });
        self.fact(EventType::ProfileChanged, data).personal(json!({ "address_delivery": address })).tell()
    }
}
