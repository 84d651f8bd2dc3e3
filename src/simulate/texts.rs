//! Invented texts of the platform: three policy versions and its consent texts, each in Russian and in Kazakh.

use serde_json::{Value, json};
use subject_record_schemas::vocabulary::Language;

/// The invented operator.
pub const OPERATOR_NAME: &str = "ТОО «Құқық Көмек»";
/// The operator's BIN, of December 2099.
pub const OPERATOR_BIN: &str = "991240000013";
/// The operator's registered address, in no town's register.
pub const OPERATOR_ADDRESS: &str = "г. Астана, ул. Примерная, 1";

/// The operator's name and address in Kazakh.
const OPERATOR_KK: [&str; 2] = ["«Құқық Көмек» ЖШС", "Астана қ., Сынақ көшесі, 1-үй"];

/// Languages in which every text is published.
pub(super) const LANGUAGES: [Language; 2] = [Language::Ru, Language::Kk];

/// A version of the policy.
pub(super) struct PolicyVersion {
    /// Its name.
    pub(super) version: &'static str,
    /// Day of the simulated time on which it was posted, at ten in the morning.
    pub(super) posted_day: u32,
    /// Days from posting until it took effect.
    pub(super) effective_after_days: u32,
    /// Purpose that the version before did not have.
    pub(super) new_purpose: Option<&'static str>,
    /// How many of the purposes of clause 2.2 it has.
    purposes: usize,
}

/// The versions, oldest first.
pub(super) const POLICIES: [PolicyVersion; 3] = [
    PolicyVersion { version: "1.0", posted_day: 0, effective_after_days: 0, new_purpose: None, purposes: 3 },
    PolicyVersion {
        version: "2.0",
        posted_day: 42,
        effective_after_days: 0,
        new_purpose: Some("advertising"),
        purposes: 4,
    },
    PolicyVersion {
        version: "3.0",
        posted_day: 252,
        effective_after_days: 10,
        new_purpose: Some("research"),
        purposes: 5,
    },
];

/// Purposes of clause 2.2 in Russian and Kazakh.
const PURPOSES: [(&str, &str, &str); 5] = [
    ("service", "оказать юридическую помощь", "заң көмегін көрсету"),
    ("identify", "узнать человека, с которым заключено соглашение", "келісім жасасқан адамды тану"),
    ("notify", "отправить уведомление и получить ответ", "хабарлама жіберіп, жауап алу"),
    ("advertising", "присылать новости и рекламу", "жаңалықтар мен жарнама жіберу"),
    ("research", "считать статистику и вести исследования", "статистика мен зерттеу жүргізу"),
];

/// Categories of data in Russian and Kazakh.
const CATEGORIES: [(&str, &str, &str); 8] = [
    ("full_name", "имя", "аты-жөні"),
    ("iin", "ИИН", "ЖСН"),
    ("address_registered", "адрес регистрации", "тіркелген мекенжайы"),
    ("address_delivery", "адрес доставки", "жеткізу мекенжайы"),
    ("email", "электронная почта", "электрондық пошта"),
    ("phone", "телефон", "телефон"),
    ("technical", "технические данные", "техникалық деректер"),
    ("document", "документы", "құжаттар"),
];

/// A consent text.
pub(super) struct ConsentText {
    /// Its name.
    pub(super) id: &'static str,
    /// Its version.
    pub(super) version: &'static str,
    /// Day of the simulated time on which it was published.
    pub(super) posted_day: u32,
    /// Purposes it states.
    pub(super) purposes: &'static [&'static str],
    /// Categories it lists.
    pub(super) categories: &'static [&'static str],
    /// Third parties, other countries, public sources: what it lets happen, or `None` where it is silent.
    pub(super) allows: Option<[bool; 3]>,
    /// Months it runs; none until its purpose is achieved.
    pub(super) months: Option<u16>,
}

const ALL: &[&str] = &[
    "full_name",
    "iin",
    "address_registered",
    "address_delivery",
    "email",
    "phone",
    "technical",
    "document",
];
const PASSED_ON: &[&str] = &["full_name", "iin", "email", "phone", "document"];
const CONTACTS: &[&str] = &["full_name", "email", "phone"];

/// The consent texts, oldest first.
#[rustfmt::skip]
pub(super) const CONSENTS: [ConsentText; 9] = [
    ConsentText { id: "services", version: "1", posted_day: 0, purposes: &["service", "identify", "notify"], categories: ALL, allows: Some([false, false, false]), months: Some(24) },
    ConsentText { id: "single-case", version: "1", posted_day: 0, purposes: &["service", "notify"], categories: PASSED_ON, allows: Some([false, false, false]), months: None },
    ConsentText { id: "transfer", version: "1", posted_day: 0, purposes: &["service"], categories: PASSED_ON, allows: Some([true, false, false]), months: Some(12) },
    ConsentText { id: "transfer-abroad", version: "1", posted_day: 0, purposes: &["service"], categories: PASSED_ON, allows: Some([true, true, false]), months: Some(12) },
    ConsentText { id: "publicity", version: "1", posted_day: 0, purposes: &["service"], categories: &["full_name"], allows: Some([false, false, true]), months: Some(12) },
    ConsentText { id: "advertising", version: "1", posted_day: 42, purposes: &["advertising"], categories: CONTACTS, allows: Some([false, false, false]), months: Some(12) },
    ConsentText { id: "research", version: "1", posted_day: 252, purposes: &["research"], categories: &["address_registered", "technical"], allows: Some([false, false, false]), months: Some(12) },
    ConsentText { id: "newsletter", version: "1", posted_day: 300, purposes: &["advertising"], categories: CONTACTS, allows: None, months: None },
    ConsentText { id: "newsletter", version: "2", posted_day: 310, purposes: &["advertising"], categories: CONTACTS, allows: Some([false, false, false]), months: Some(12) },
];

impl ConsentText {
    /// Its term, as it is sent. A text that is silent on third parties is silent on this too.
    pub(super) fn term(&self) -> Value {
        match (self.months, self.allows) {
            (Some(months), _) => json!({ "months": months }),
            (None, Some(_)) => json!("purpose_achieved"),
            (None, None) => json!("not_stated"),
        }
    }

    /// The text in a language.
    pub(super) fn body(&self, language: Language) -> String {
        let purposes = words(&PURPOSES, self.purposes, language);
        let categories = words(&CATEGORIES, self.categories, language);
        let russian = language == Language::Ru;
        let mut lines = vec![if russian {
            format!("Согласие «{}», редакция {}. Вымышленный текст.", self.id, self.version)
        } else {
            format!("«{}» келісімі, {}-редакция. Ойдан шығарылған мәтін.", self.id, self.version)
        }];
        let Some(allows) = self.allows else {
            lines.push(if russian {
                format!("Я хочу получать рассылку. Данные: {categories}.")
            } else {
                format!("Мен хабарлама алғым келеді. Деректер: {categories}.")
            });
            return lines.join("\n");
        };
        let [third_party, abroad, public] = allows.map(|allowed| match (russian, allowed) {
            (true, true) => "да",
            (true, false) => "нет",
            (false, true) => "иә",
            (false, false) => "жоқ",
        });
        lines.push(match (russian, self.months) {
            (true, months) => {
                let term = months.map_or_else(|| "пока цель не достигнута".into(), |m| format!("{m} месяцев"));
                format!(
                    "Я разрешаю {OPERATOR_NAME} (БИН {OPERATOR_BIN}) использовать мои данные: {categories}.\n\
                     Для чего: {purposes}.\nПередача третьим лицам: {third_party}. Передача за границу: {abroad}. \
                     Публикация: {public}.\nСрок: {term}. Отозвать согласие можно в личном кабинете."
                )
            }
            (false, months) => {
                let [name, _] = OPERATOR_KK;
                let term = months.map_or_else(|| "мақсатқа жеткенше".into(), |m| format!("{m} ай"));
                format!(
                    "Мен {name} (БСН {OPERATOR_BIN}) ұйымына мына деректерімді пайдалануға рұқсат беремін: \
                     {categories}.\nМақсаты: {purposes}.\nҮшінші тұлғаларға беру: {third_party}. Шетелге беру: \
                     {abroad}. Жариялау: {public}.\nМерзімі: {term}. Келісімді жеке кабинетте қайтарып алуға болады."
                )
            }
        });
        lines.join("\n")
    }
}

impl PolicyVersion {
    /// Names of its clauses.
    pub(super) fn clauses(&self) -> Vec<String> {
        let purposes = (1..=self.purposes).map(|number| format!("2.2.{number}"));
        ["1.1".to_owned()]
            .into_iter()
            .chain(purposes)
            .chain(["3.3", "3.4", "3.5", "5.2", "5.4"].map(String::from))
            .collect()
    }

    /// The text in a language.
    pub(super) fn body(&self, language: Language) -> String {
        let russian = language == Language::Ru;
        let mut lines = Vec::new();
        if russian {
            lines.push(format!("Как мы обращаемся с данными. Редакция {}. Вымышленный текст.", self.version));
            lines.push(format!("1.1. Платформу юридической помощи ведёт {OPERATOR_NAME}, БИН {OPERATOR_BIN}, {OPERATOR_ADDRESS}."));
        } else {
            lines.push(format!(
                "Деректермен қалай жұмыс істейміз. {}-редакция. Ойдан шығарылған мәтін.",
                self.version
            ));
            let [name, address] = OPERATOR_KK;
            lines.push(format!(
                "1.1. Заң көмегі платформасын {name} жүргізеді, БСН {OPERATOR_BIN}, {address}."
            ));
        }
        for (number, (_, ru, kk)) in (1..).zip(PURPOSES).take(self.purposes) {
            lines.push(format!("2.2.{number}. {}.", if russian { ru } else { kk }));
        }
        let rest = if russian {
            [
                "3.3. Основная база стоит в Казахстане; копия за границей — только с вашего разрешения.",
                "3.4. Государственный орган получает данные по мотивированному запросу или по прямой норме закона.",
                "3.5. Другие получают данные с вашего согласия или чтобы исполнить соглашение с вами.",
                "5.2. Если возник спор, пришлите письменную претензию в течение 30 рабочих дней.",
                "5.4. Новая редакция действует со дня размещения, если в ней не назван другой день.",
            ]
        } else {
            [
                "3.3. Негізгі база Қазақстанда; шетелдегі көшірме тек сіздің рұқсатыңызбен жасалады.",
                "3.4. Мемлекеттік орган деректерді дәлелді сұрау немесе заңның тікелей нормасы бойынша алады.",
                "3.5. Басқалар деректерді сіздің келісіміңізбен немесе сізбен жасалған келісімді орындау үшін алады.",
                "5.2. Дау туса, 30 жұмыс күні ішінде жазбаша талап жіберіңіз.",
                "5.4. Жаңа редакция, басқа күн аталмаса, орналастырылған күннен бастап қолданылады.",
            ]
        };
        lines.extend(rest.map(String::from));
        lines.join("\n")
    }
}

fn words(list: &[(&str, &str, &str)], of: &[&str], language: Language) -> String {
    let chosen = list.iter().filter(|(name, ..)| of.contains(name));
    chosen.map(|(_, ru, kk)| if language == Language::Ru { *ru } else { *kk }).collect::<Vec<_>>().join(", ")
}
