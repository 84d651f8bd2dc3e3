//! Lists that invented people are put together from. Each line: Cyrillic spelling, and Latin for e-mail addresses.

/// Kazakh family names, for men; women's end in `а` where men's end in `в`.
pub(super) const KAZAKH_FAMILIES: [(&str, &str); 16] = [
    ("Тауасаров", "tauasarov"),
    ("Қырғидалин", "qyrgidalin"),
    ("Жұлдызкүнов", "zhuldyzkunov"),
    ("Ақбұлақов", "aqbulaqov"),
    ("Сарыөзенов", "saryozenov"),
    ("Көктөбеков", "koktobekov"),
    ("Теректібаев", "terektibaev"),
    ("Үкілібаев", "ukilibaev"),
    ("Бұлтшыбаев", "bultshybaev"),
    ("Самалбеков", "samalbekov"),
    ("Далақұлов", "dalaqulov"),
    ("Ерменов", "ermenov"),
    ("Қайыңбаев", "qaiyngbaev"),
    ("Шұғылаев", "shugylaev"),
    ("Іңкәров", "inkarov"),
    ("Әлемжанов", "alemzhanov"),
];

/// Kazakh given names of men.
pub(super) const KAZAKH_MEN: [(&str, &str); 12] = [
    ("Әділет", "adilet"),
    ("Бауыржан", "bauyrzhan"),
    ("Ғалымжан", "galymzhan"),
    ("Дәурен", "dauren"),
    ("Еркебұлан", "erkebulan"),
    ("Жәнібек", "zhanibek"),
    ("Қанат", "qanat"),
    ("Мирас", "miras"),
    ("Нұрлан", "nurlan"),
    ("Олжас", "olzhas"),
    ("Сұңқар", "sunqar"),
    ("Үміт", "umit"),
];

/// Kazakh given names of women.
pub(super) const KAZAKH_WOMEN: [(&str, &str); 12] = [
    ("Айгерім", "aigerim"),
    ("Ботагөз", "botagoz"),
    ("Гүлнәр", "gulnar"),
    ("Динара", "dinara"),
    ("Еңлік", "enlik"),
    ("Жансая", "zhansaya"),
    ("Қарлығаш", "qarlygash"),
    ("Мөлдір", "moldir"),
    ("Назерке", "nazerke"),
    ("Перизат", "perizat"),
    ("Сәуле", "saule"),
    ("Шұғыла", "shugyla"),
];

/// Fathers' names, to which Kazakh patronymics add `ұлы` or `қызы`.
pub(super) const KAZAKH_FATHERS: [&str; 8] =
    ["Асқар", "Болат", "Ержан", "Қайрат", "Марат", "Нұржан", "Серік", "Талғат"];

/// Russian family names, for men; women's end in `а`.
pub(super) const RUSSIAN_FAMILIES: [(&str, &str); 12] = [
    ("Заозёрнов", "zaozernov"),
    ("Полустанков", "polustankov"),
    ("Тихоструев", "tikhostruev"),
    ("Верхолётов", "verkholetov"),
    ("Лугополев", "lugopolev"),
    ("Синеозёров", "sineozerov"),
    ("Пригоркин", "prigorkin"),
    ("Камнебродов", "kamnebrodov"),
    ("Сухопрудов", "sukhoprudov"),
    ("Подсолнухин", "podsolnukhin"),
    ("Травнев", "travnev"),
    ("Мостовицын", "mostovitsyn"),
];

/// Russian given names of men.
pub(super) const RUSSIAN_MEN: [(&str, &str); 8] = [
    ("Алексей", "alexey"),
    ("Виктор", "viktor"),
    ("Геннадий", "gennady"),
    ("Дмитрий", "dmitry"),
    ("Игорь", "igor"),
    ("Павел", "pavel"),
    ("Сергей", "sergey"),
    ("Фёдор", "fyodor"),
];

/// Russian given names of women.
pub(super) const RUSSIAN_WOMEN: [(&str, &str); 8] = [
    ("Анна", "anna"),
    ("Вера", "vera"),
    ("Галина", "galina"),
    ("Елена", "elena"),
    ("Ирина", "irina"),
    ("Марина", "marina"),
    ("Ольга", "olga"),
    ("Юлия", "yulia"),
];

/// Russian patronymics, of men and of women.
pub(super) const RUSSIAN_PATRONYMICS: [(&str, &str); 6] = [
    ("Андреевич", "Андреевна"),
    ("Борисович", "Борисовна"),
    ("Викторович", "Викторовна"),
    ("Николаевич", "Николаевна"),
    ("Петрович", "Петровна"),
    ("Сергеевич", "Сергеевна"),
];

/// Towns in Kazakh and Russian.
pub(super) const TOWNS: [(&str, &str); 6] = [
    ("Алматы қ.", "г. Алматы"),
    ("Астана қ.", "г. Астана"),
    ("Шымкент қ.", "г. Шымкент"),
    ("Қарағанды қ.", "г. Караганда"),
    ("Ақтөбе қ.", "г. Актобе"),
    ("Өскемен қ.", "г. Усть-Каменогорск"),
];

/// Streets that are in no town, in Kazakh and Russian.
pub(super) const STREETS: [(&str, &str); 5] = [
    ("Сынақ көшесі", "ул. Примерная"),
    ("Ойдан шығарылған көше", "ул. Вымышленная"),
    ("Үлгі даңғылы", "пр. Образцовый"),
    ("Жоқ көше", "ул. Несуществующая"),
    ("Мысал тұйығы", "пер. Пробный"),
];
