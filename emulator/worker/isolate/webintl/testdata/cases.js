// The calls whose results cfemu and Node must have in common: calls() returns their sources, and
// evaluate() what one comes to, as text. golden.txt has Node's results, a line for each call;
// `go test -run TestGolden -update` lets Node write it anew.
'use strict';

function evaluate(source) {
  const show = (v) => {
    if (v === undefined) return 'undefined';
    if (Array.isArray(v) && v.length > 0 && v.every((p) => p && p.type && 'value' in p)) {
      return v.map((p) => `${p.type}=${p.value}${p.source ? '@' + p.source : ''}${p.unit ? '~' + p.unit : ''}`).join('|');
    }
    return typeof v === 'string' ? v : JSON.stringify(v);
  };
  try {
    return show((0, eval)(`(${source})`));
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
}

function calls() {
  const out = [];
  const js = (v) => (typeof v === 'string' ? JSON.stringify(v) : JSON.stringify(v).replace(/"(\w+)":/g, '$1:').replaceAll('"', "'"));
  const locales = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-IN', 'en-NZ', 'en-IE'];
  const moments = {
    now: 1772712245678, // 2026-03-05T12:04:05.678Z
    summer: 1783037045006, morning: 1772690645000, midnight: 1772668800000, noon: 1772712000000,
    epoch: 0, before: -1, y1900: -2208988800000, lmt: -2840140800000, year0: -62150000000000, bce: -99999999999999,
    last: 8640000000000000, first: -8640000000000000,
  };
  const format = (locale, options, at) => out.push(`new Intl.DateTimeFormat('${locale}',${js(options)}).format(${at})`);
  const parts = (locale, options, at) => out.push(`new Intl.DateTimeFormat('${locale}',${js(options)}).formatToParts(${at})`);

  // Each field alone, and the usual company that they keep.
  const fields = {
    weekday: ['long', 'short', 'narrow'], era: ['long', 'short', 'narrow'], year: ['numeric', '2-digit'],
    month: ['numeric', '2-digit', 'long', 'short', 'narrow'], day: ['numeric', '2-digit'], dayPeriod: ['long', 'short', 'narrow'],
    hour: ['numeric', '2-digit'], minute: ['numeric', '2-digit'], second: ['numeric', '2-digit'], fractionalSecondDigits: [1, 2, 3],
    timeZoneName: ['long', 'short', 'longOffset', 'shortOffset', 'longGeneric', 'shortGeneric'],
  };
  for (const [name, values] of Object.entries(fields)) for (const value of values) parts('en-US', { [name]: value }, moments.now);
  const sets = [
    { month: 'long', day: 'numeric' }, { month: 'short', day: 'numeric', year: 'numeric' }, { month: 'long', year: 'numeric' },
    { weekday: 'short', month: 'short', day: 'numeric' }, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
    { year: 'numeric', month: 'numeric' }, { month: 'numeric', day: 'numeric' }, { year: 'numeric', month: '2-digit', day: '2-digit' },
    { year: '2-digit', month: '2-digit', day: '2-digit' }, { weekday: 'long', year: 'numeric', month: 'numeric', day: 'numeric' },
    { weekday: 'narrow', day: 'numeric' }, { weekday: 'long', hour: 'numeric' }, { era: 'short', year: 'numeric' },
    { era: 'long', year: 'numeric', month: 'long' }, { era: 'short', year: 'numeric', month: 'short', day: 'numeric' },
    { hour: 'numeric', minute: '2-digit' }, { hour: '2-digit', minute: '2-digit', second: '2-digit' }, { minute: '2-digit', second: '2-digit' },
    { hour: 'numeric', dayPeriod: 'short' }, { hour: 'numeric', minute: '2-digit', dayPeriod: 'long' },
    { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' }, { hour: 'numeric', timeZoneName: 'long' },
    { year: 'numeric', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' },
    { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' },
    { weekday: 'short', month: 'long', day: 'numeric', hour: 'numeric' }, { month: 'long', hour: '2-digit', minute: 'numeric' },
    { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false },
    { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3, timeZoneName: 'short' },
    { second: 'numeric', fractionalSecondDigits: 3 }, { hour: 'numeric', minute: 'numeric', fractionalSecondDigits: 2 },
    { year: 'numeric', timeZoneName: 'short' }, { day: '2-digit', month: 'short' }, { year: 'numeric', weekday: 'long' }, { day: 'numeric', year: 'numeric' },
    { month: 'narrow', day: 'numeric' }, { dayPeriod: 'long', minute: 'numeric' },
  ];
  for (const locale of locales) for (const set of sets) format(locale, set, moments.now);

  // Whole styles.
  const styles = ['full', 'long', 'medium', 'short'];
  for (const locale of locales) {
    for (const s of styles) {
      format(locale, { dateStyle: s }, moments.now);
      format(locale, { timeStyle: s, timeZone: 'America/New_York' }, moments.now);
      format(locale, { dateStyle: s, timeStyle: s, timeZone: 'Europe/London' }, moments.summer);
    }
    format(locale, { dateStyle: 'short', timeStyle: 'short', hour12: locale !== 'en-US' && locale !== 'en-CA' && false }, moments.now);
  }
  for (const hourCycle of ['h11', 'h12', 'h23', 'h24']) {
    for (const at of [moments.midnight, moments.noon]) {
      format('en-US', { hour: 'numeric', minute: '2-digit', hourCycle }, at);
      format('en-GB', { timeStyle: 'short', hourCycle }, at);
      format('en-US', { timeStyle: 'long', hourCycle }, at);
    }
  }
  for (const at of [moments.midnight, moments.noon, moments.now]) {
    format('en-US', { hour12: false, hour: 'numeric' }, at);
    format('en-US', { hour12: true, hour: '2-digit', minute: '2-digit' }, at);
    format('en-GB', { hour12: false, hour: 'numeric' }, at);
    format('en-GB', { hour12: true, hour: 'numeric', minute: '2-digit' }, at);
    for (const dayPeriod of fields.dayPeriod) format('en-US', { hour: 'numeric', dayPeriod }, at);
  }
  for (let hour = 0; hour < 24; hour++) format('en-US', { hour: 'numeric', minute: '2-digit', dayPeriod: 'short' }, moments.midnight + hour * 3600000);

  // Far away.
  for (const at of Object.values(moments)) {
    format('en-US', { year: 'numeric', month: 'numeric', day: 'numeric' }, at);
    format('en-US', { dateStyle: 'full', timeStyle: 'long', timeZone: 'America/New_York' }, at);
    format('en-GB', { era: 'short', year: '2-digit', month: 'short', day: 'numeric', weekday: 'short' }, at);
  }

  // Zones, in summer and winter, before 1970 and in the time of local mean time.
  const zones = ['America/New_York', 'America/Los_Angeles', 'America/Phoenix', 'America/St_Johns', 'America/Sao_Paulo', 'America/Toronto',
    'Europe/London', 'Europe/Dublin', 'Europe/Berlin', 'Europe/Moscow', 'Europe/Istanbul', 'Africa/Casablanca', 'Africa/Nairobi', 'Africa/Johannesburg',
    'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Tokyo', 'Asia/Shanghai', 'Asia/Tehran', 'Asia/Dubai', 'Australia/Sydney', 'Australia/Lord_Howe',
    'Australia/Adelaide', 'Pacific/Auckland', 'Pacific/Apia', 'Pacific/Honolulu', 'Antarctica/Troll', 'Etc/GMT+5', 'UTC', 'GMT', 'Atlantic/Reykjavik'];
  for (const timeZone of zones) {
    for (const at of [moments.now, moments.summer]) {
      for (const timeZoneName of fields.timeZoneName) format('en-US', { hour: 'numeric', timeZone, timeZoneName }, at);
    }
    format('en-GB', { timeStyle: 'full', timeZone }, moments.summer);
    format('en-AU', { hour: 'numeric', timeZoneName: 'short', timeZone }, moments.now);
    if (timeZone !== 'Atlantic/Reykjavik') { // whose past depends on how the zone files were made
      format('en-US', { timeStyle: 'full', timeZone }, moments.lmt);
      format('en-US', { dateStyle: 'short', timeStyle: 'long', timeZone }, -1e12);
    }
    out.push(`new Intl.DateTimeFormat('en-US',{timeZone:'${timeZone.toLowerCase()}'}).resolvedOptions().timeZone`);
  }
  for (const name of ['utc', 'Etc/UTC', 'etc/gmt', 'US/Pacific', 'Asia/Calcutta', 'EST5EDT', 'Nope/Zone', '', 'Local', 'Etc/Unknown', 'EST', 'Zulu', '../etc/passwd']) {
    out.push(`new Intl.DateTimeFormat('en-US',{timeZone:'${name}'}).resolvedOptions().timeZone`);
  }

  // Around the changes of the clocks: gap and fold to the millisecond.
  for (const [timeZone, change] of [['America/New_York', 1772953200000], ['America/New_York', 1793512800000], ['Europe/London', 1774746000000],
    ['Europe/Dublin', 1792890000000], ['Australia/Lord_Howe', 1775314800000], ['Pacific/Apia', 1325239200000], ['America/Sao_Paulo', 1550368800000]]) {
    for (const d of [-3600000, -1, 0, 3600000]) format('en-US', { dateStyle: 'short', timeStyle: 'full', timeZone }, change + d);
  }

  // Ranges of moments.
  const start = moments.now;
  const ends = [start, start + 20, start + 5000, start + 300000, start + 3600000, start + 6 * 3600000, start + 86400000, start + 40 * 86400000, start + 400 * 86400000];
  for (const set of [{}, { month: 'short', day: 'numeric' }, { month: 'long', day: 'numeric', year: 'numeric' }, { year: 'numeric', month: 'long' },
    { weekday: 'short', month: 'short', day: 'numeric', year: 'numeric' }, { hour: 'numeric', minute: '2-digit' }, { hour: 'numeric' }, { year: 'numeric' },
    { hour: 'numeric', minute: '2-digit', hour12: false }, { dateStyle: 'medium', timeStyle: 'short' }, { dateStyle: 'long' }, { dateStyle: 'short' }, { timeStyle: 'short' },
    { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }, { month: 'short' }, { day: 'numeric' }, { timeStyle: 'medium' }]) {
    for (const end of ends) out.push(`new Intl.DateTimeFormat('en-US',${js(set)}).formatRange(${start},${end})`);
  }
  for (const locale of ['en-GB', 'en-AU', 'en-CA']) {
    for (const set of [{}, { dateStyle: 'long' }, { dateStyle: 'medium', timeStyle: 'short' }]) {
      for (const end of [ends[4], ends[6], ends[7], ends[8]]) out.push(`new Intl.DateTimeFormat('${locale}',${js(set)}).formatRange(${start},${end})`);
    }
  }
  for (const set of [{ year: 'numeric', hour: '2-digit', minute: '2-digit' }, { weekday: 'short', hour: 'numeric', minute: '2-digit' }, { hour: '2-digit' },
    { month: '2-digit', day: '2-digit' }, { month: 'long' }, { year: 'numeric', timeZoneName: 'shortGeneric' }, { day: 'numeric', hour: 'numeric', minute: '2-digit' }]) {
    for (const end of [ends[4], ends[6], ends[7], ends[8]]) {
      for (const locale of ['en-US', 'en-AU']) out.push(`new Intl.DateTimeFormat('${locale}',${js(set)}).formatRange(${start},${end})`);
    }
  }
  for (const locale of locales) {
    for (const timeZone of ['America/Anchorage', 'Australia/Sydney', 'Europe/Paris', 'Asia/Kolkata']) format(locale, { hour: 'numeric', timeZone, timeZoneName: 'shortGeneric' }, moments.now);
  }
  for (const end of [ends[0], ends[4], ends[6], ends[8]]) {
    out.push(`new Intl.DateTimeFormat('en-US',{dateStyle:'medium'}).formatRangeToParts(${start},${end})`);
    out.push(`new Intl.DateTimeFormat('en-US',{hour:'numeric',minute:'numeric'}).formatRangeToParts(${start},${end})`);
    out.push(`new Intl.DateTimeFormat('en-US',{dateStyle:'long',timeStyle:'short'}).formatRangeToParts(${start},${end})`);
  }

  numbers(out, js, locales);
  words(out, js, locales);
  faces(out);
  return [...new Set(out)];
}

function numbers(out, js, locales) {
  const format = (locale, options, ...values) => {
    for (const v of values) out.push(`new Intl.NumberFormat('${locale}',${js(options)}).format(${typeof v === 'number' && Object.is(v, -0) ? '-0' : v})`);
  };
  const parts = (options, ...values) => {
    for (const v of values) out.push(`new Intl.NumberFormat('en-US',${js(options)}).formatToParts(${v})`);
  };
  const usual = [0, -0, 1, -1234567.891, 0.5, 1.005, 1e21, 1e-7, NaN, Infinity, -Infinity, 123456789012345680000];
  format('en-US', {}, ...usual, '12345678901234567890n', "'12345678901234567890.123'", "'0x1f'", "'x'", "''", 'null', 'undefined', 'true', "'1e3'", "' 5 '", "'-0'", "'Infinity'");
  parts({}, -1234567.891, NaN, '-Infinity', '-0');
  for (const locale of locales) {
    format(locale, {}, 12345678.9);
    format(locale, { style: 'percent', maximumFractionDigits: 1 }, 1234.5678);
    for (const currency of ['USD', 'EUR', 'GBP', 'JPY', 'INR', 'CAD', 'AUD', 'NZD', 'CHF']) format(locale, { style: 'currency', currency }, -1234567.891);
    format(locale, { style: 'currency', currency: 'USD', currencySign: 'accounting' }, -5.5);
    for (const v of [999, 1234, 55555, 123456, 999999, 1234567, 123456789, 1e10, 1e12, 1e15]) {
      format(locale, { notation: 'compact' }, v);
      format(locale, { notation: 'compact', compactDisplay: 'long' }, v);
    }
    for (const unit of ['kilometer', 'liter', 'gallon', 'percent', 'mile-per-gallon', 'fahrenheit']) {
      for (const unitDisplay of ['long', 'short', 'narrow']) format(locale, { style: 'unit', unit, unitDisplay }, 2);
    }
  }
  for (const currency of ['USD', 'EUR', 'CHF', 'BHD', 'CLF', 'XXX', 'ZZZ', 'MRU', 'KRW', 'XAF']) {
    for (const currencyDisplay of ['symbol', 'narrowSymbol', 'code', 'name']) {
      format('en-US', { style: 'currency', currency, currencyDisplay }, 1, -1234.5);
    }
    format('en-US', { style: 'currency', currency }, NaN, Infinity);
    parts({ style: 'currency', currency }, -5);
  }
  for (const signDisplay of ['auto', 'always', 'never', 'exceptZero', 'negative']) {
    format('en-US', { signDisplay }, 5, -5, 0, -0, -0.0001, NaN, Infinity);
    format('en-US', { style: 'currency', currency: 'USD', currencySign: 'accounting', signDisplay }, 5, -5, 0, -0.001);
    format('en-US', { style: 'percent', signDisplay }, 0.05, -0.001);
  }
  for (const roundingMode of ['ceil', 'floor', 'expand', 'trunc', 'halfCeil', 'halfFloor', 'halfExpand', 'halfTrunc', 'halfEven']) {
    format('en-US', { maximumFractionDigits: 0, roundingMode }, 1.5, 2.5, -1.5, -2.5, 0.4, 1.6, -0.4, 0.5, -0.5);
  }
  for (const roundingIncrement of [5, 25, 50]) {
    format('en-US', { roundingIncrement, minimumFractionDigits: 2, maximumFractionDigits: 2 }, 1.234, 1.225, -1.225, 0.01);
  }
  for (const set of [{ minimumFractionDigits: 2 }, { maximumFractionDigits: 2 }, { minimumIntegerDigits: 5 }, { maximumSignificantDigits: 3 }, { minimumSignificantDigits: 5 },
    { maximumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: 'morePrecision' }, { maximumSignificantDigits: 3, maximumFractionDigits: 1, roundingPriority: 'lessPrecision' },
    { minimumFractionDigits: 2, trailingZeroDisplay: 'stripIfInteger' }, { useGrouping: false }, { useGrouping: 'min2' }, { useGrouping: 'always', notation: 'compact' },
    { notation: 'scientific' }, { notation: 'engineering' }, { notation: 'scientific', maximumSignificantDigits: 2 }, { notation: 'compact', minimumFractionDigits: 1 },
    { notation: 'compact', maximumFractionDigits: 2 }, { notation: 'compact', style: 'currency', currency: 'USD' }, { notation: 'compact', compactDisplay: 'long', style: 'currency', currency: 'USD', currencyDisplay: 'name' },
    { style: 'percent' }, { style: 'percent', minimumFractionDigits: 1 }, { style: 'unit', unit: 'byte' }, { style: 'unit', unit: 'kilometer-per-hour' }, { style: 'unit', unit: 'megabyte-per-second', unitDisplay: 'long' },
    { style: 'unit', unit: 'meter-per-day', unitDisplay: 'narrow' }, { style: 'unit', unit: 'liter-per-mile', unitDisplay: 'long' }, { style: 'unit', unit: 'acre-per-bit', unitDisplay: 'short' }]) {
    format('en-US', set, 0, 1, 1234.5, 0.00012345, 99999.95, -9.995);
    parts(set, -1234.5);
  }
  const units = 'acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram hectare hour inch kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile mile-scandinavian milliliter millimeter millisecond minute month nanosecond ounce percent petabyte pound second stone terabit terabyte week yard year'.split(' ');
  for (const unit of units) {
    for (const unitDisplay of ['long', 'short', 'narrow']) format('en-US', { style: 'unit', unit, unitDisplay }, 1, 16);
  }
  const range = (options, a, b) => {
    out.push(`new Intl.NumberFormat('en-US',${js(options)}).formatRange(${a},${b})`);
  };
  for (const [a, b] of [[3, 5], [3, 3], [-3, 5], [-5, -3], [1, 1000000], [2.9999, 3.0001]]) {
    for (const set of [{}, { style: 'currency', currency: 'USD' }, { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }, { style: 'currency', currency: 'USD', currencyDisplay: 'code' },
      { style: 'currency', currency: 'EUR', currencyDisplay: 'name' }, { style: 'percent' }, { style: 'unit', unit: 'kilometer' }, { style: 'unit', unit: 'meter', unitDisplay: 'long' },
      { notation: 'compact' }, { notation: 'compact', compactDisplay: 'long' }, { notation: 'scientific' }, { signDisplay: 'always' }]) range(set, a, b);
  }
  out.push("new Intl.NumberFormat('en-US').formatRangeToParts(3,5)", "new Intl.NumberFormat('en-US',{style:'currency',currency:'USD'}).formatRangeToParts(3,5)",
    "new Intl.NumberFormat('en-US').formatRange(3,Infinity)", "new Intl.NumberFormat('en-US').formatRange(5,3)", "new Intl.NumberFormat('en-US').formatRange(3n,'5.5')");
}

function words(out, js, locales) {
  for (const n of [0, 1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111, 1.5, -1, 'NaN', 'Infinity']) {
    out.push(`new Intl.PluralRules('en').select(${n})`, `new Intl.PluralRules('en',{type:'ordinal'}).select(${n})`);
  }
  out.push("new Intl.PluralRules('en',{minimumFractionDigits:1}).select(1)", "new Intl.PluralRules('en').selectRange(0,1)");
  for (const style of ['long', 'short', 'narrow']) {
    for (const unit of ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']) {
      for (const n of [-2, -1, '-0', 0, 1, 2]) {
        for (const numeric of ['always', 'auto']) out.push(`new Intl.RelativeTimeFormat('en',${js({ style, numeric })}).format(${n},'${unit}')`);
      }
    }
  }
  out.push("new Intl.RelativeTimeFormat('en').formatToParts(-1234.5,'days')", "new Intl.RelativeTimeFormat('en-GB',{style:'short'}).format(3,'months')",
    "new Intl.RelativeTimeFormat('en-AU',{style:'narrow'}).format(-3,'weeks')");
  for (const locale of locales) {
    for (const type of ['conjunction', 'disjunction', 'unit']) {
      for (const style of ['long', 'short', 'narrow']) {
        out.push(`[[],['a'],['a','b'],['a','b','c'],['a','b','c','d']].map(l=>new Intl.ListFormat('${locale}',${js({ type, style })}).format(l)).join(' / ')`);
      }
    }
  }
  out.push("new Intl.ListFormat('en').formatToParts(['a','b','c'])");
  const list = "['a','A','ä','b','B','z','Z','10','9','resume','résumé','Résumé','co-op','coop','_x','-x',' x']";
  for (const set of [{}, { sensitivity: 'base' }, { numeric: true }, { caseFirst: 'upper' }, { ignorePunctuation: true }]) {
    out.push(`${list}.sort(new Intl.Collator('en',${js(set)}).compare).join()`);
  }
  for (const sensitivity of ['base', 'accent', 'case', 'variant']) {
    out.push(`[['a','b'],['a','á'],['a','A'],['a','a'],['ß','ss']].map(([x,y])=>new Intl.Collator('en',{sensitivity:'${sensitivity}'}).compare(x,y)).join()`);
  }
  out.push("['ä','z','a'].sort(new Intl.Collator('sv').compare).join()", "['ä','z','a'].sort(new Intl.Collator('de').compare).join()",
    "'a'.localeCompare('b')", "'b'.localeCompare('a','en-US')", "'a'.localeCompare('A','en',{sensitivity:'base'})", "'item10'.localeCompare('item9',undefined,{numeric:true})",
    "['item10','item9','Item1'].sort((a,b)=>a.localeCompare(b,'en',{numeric:true,sensitivity:'base'})).join()");
  const segments = (text, granularity) => out.push(`[...new Intl.Segmenter('en',{granularity:'${granularity}'}).segment(${js(text)})].map(s=>s.index+':'+s.segment+(s.isWordLike===undefined?'':s.isWordLike?'+':'-')).join('|')`);
  for (const text of ['abc', 'e\u0301a', '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}x', '\u{1F1E9}\u{1F1EA}\u{1F1FA}\u{1F1F8}', '\r\n\n', '\uAC00\u11A8', 'क्षि', '']) segments(text, 'grapheme');
  for (const text of ["Hello, world! It's 3.5 o'clock.", 'snake_case 1,000.5 a-b', 'http://x.y/z?q=1', 'Привет мир', '  two  spaces ']) segments(text, 'word');
  for (const text of ['Hello there. How are you? Fine!', 'Mr. Smith went. 3.5 is a number. ok', 'One.\nTwo.']) segments(text, 'sentence');
  out.push("new Intl.Segmenter('en').segment('a\u{1F600}b').containing(2)", "new Intl.Segmenter('en').segment('abc').containing(3)");
  for (const [type, codes] of Object.entries({
    region: ['US', 'gb', 'DE', '419', 'QX', 'x', 'HK'], language: ['en', 'de', 'en-GB', 'en-DE', 'zh-Hans', 'zh-Hans-CN', 'pt-BR', 'sr-Latn', 'qqq', 'x', 'fr-CA', 'de-Latn-AT'],
    currency: ['usd', 'EUR', 'XTS', 'QQQ', 'us'], script: ['Latn', 'Cyrl', 'Hans', 'Qaax', 'x'], dateTimeField: ['year', 'era', 'weekOfYear', 'dayPeriod', 'timeZoneName', 'x'],
  })) {
    for (const code of codes) {
      out.push(`new Intl.DisplayNames('en',{type:'${type}'}).of('${code}')`);
      if (type === 'language') out.push(`new Intl.DisplayNames('en-US',{type:'language',languageDisplay:'standard'}).of('${code}')`);
      if (type === 'region') out.push(`new Intl.DisplayNames('en-US',{type:'region',style:'short',fallback:'none'}).of('${code}')`);
    }
  }
  out.push("Intl.getCanonicalLocales(['EN-us','en-US','iw','zh-hans-cn-u-nu-latn-ca-gregory','sl-rozaj-biske','en-x-private','de-DE-1996','en-a-bbb-u-kn-true'])",
    ...['en_US', 'x', '', 'en--US', 'e', '12', 'en-abcdefghi', 'i-klingon'].map((t) => `Intl.getCanonicalLocales('${t}')`),
    "Intl.getCanonicalLocales()", "Intl.supportedValuesOf('unit').length", "Intl.supportedValuesOf('timeZone').length", "Intl.supportedValuesOf('x')");
  for (const tag of ['zh-TW', 'en', 'sr-Latn-RS', 'ja', 'de-Latn-DE', 'en-Latn-US', 'und', 'pt']) {
    out.push(`new Intl.Locale('${tag}').maximize().toString()`, `new Intl.Locale('${tag}').minimize().toString()`);
  }
  out.push("new Intl.Locale('en-Latn-US-u-hc-h12-ca-gregory',{numeric:true}).toString()", "new Intl.Locale('de',{region:'AT',calendar:'buddhist',hourCycle:'h23'}).toString()",
    "(({language,script,region,baseName,calendar,hourCycle,numeric,caseFirst})=>[language,script,region,baseName,calendar,hourCycle,numeric,caseFirst])(new Intl.Locale('EN-latn-us-u-ca-gregory-hc-h23-kn'))",
    "new Intl.Locale()", "new Intl.Locale('x')", "new Intl.Locale('en',{language:'x1'})", "new Intl.Locale('en',{hourCycle:'x'})");
}

// The shape of the objects and the texts of errors.
function faces(out) {
  for (const name of ['DateTimeFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat', 'ListFormat', 'Collator', 'Segmenter']) {
    for (const locale of ['en', 'en-US', 'en-GB', 'en-u-hc-h23-nu-latn-kn-kf-upper-ca-gregory']) out.push(`new Intl.${name}('${locale}').resolvedOptions()`);
    out.push(`new Intl.${name}().resolvedOptions().locale`, `Intl.${name}.supportedLocalesOf(['en-GB-u-hc-h12','xx'])`,
      `Object.prototype.toString.call(new Intl.${name}())`, `[Intl.${name}.length,Intl.${name}.name,Object.keys(Intl.${name}.prototype),Object.getOwnPropertyNames(Intl.${name}.prototype).sort()]`,
      `new Intl.${name}('en_US')`, `new Intl.${name}(null)`, `new Intl.${name}([5])`, `Intl.${name}('en') instanceof Intl.${name}`,
      `new (class X extends Intl.${name} {})('en') instanceof Intl.${name}`, `Object.getOwnPropertyDescriptor(Intl.${name},'prototype')`);
  }
  out.push('Object.getOwnPropertyNames(Intl).sort()', 'String(Intl)', "Object.getOwnPropertyDescriptor(Intl,'NumberFormat')", 'Object.keys(Intl)',
    "Object.getOwnPropertyDescriptor(globalThis,'Intl').enumerable", 'Intl.DisplayNames.length');
  for (const options of ["{style:'x'}", "{style:'currency'}", "{style:'currency',currency:'U'}", "{style:'unit'}", "{style:'unit',unit:'x'}", '{maximumFractionDigits:101}', '{maximumFractionDigits:-1}',
    '{minimumFractionDigits:5,maximumFractionDigits:1}', '{minimumSignificantDigits:5,maximumSignificantDigits:1}', '{roundingIncrement:5,maximumFractionDigits:2}', '{roundingIncrement:3}',
    '{roundingIncrement:5,maximumSignificantDigits:2}', "{useGrouping:'x'}", "{numberingSystem:'x'}", 'null', '5', "{minimumIntegerDigits:22}", "{notation:'x'}"]) {
    out.push(`new Intl.NumberFormat('en',${options}).resolvedOptions()`);
  }
  for (const options of ["{style:'currency',currency:'usd'}", "{notation:'compact'}", '{maximumSignificantDigits:3}', "{maximumSignificantDigits:3,roundingPriority:'morePrecision'}", "{useGrouping:null}",
    "{useGrouping:'true'}", '{useGrouping:true}', "{style:'unit',unit:'liter'}", "{style:'percent'}", '{roundingIncrement:5,minimumFractionDigits:2,maximumFractionDigits:2}']) {
    out.push(`new Intl.NumberFormat('en',${options}).resolvedOptions()`);
  }
  for (const options of ["{dateStyle:'x'}", "{dateStyle:'short',year:'numeric'}", "{timeStyle:'short',hour:'numeric'}", "{timeStyle:'short',fractionalSecondDigits:2}", '{fractionalSecondDigits:4}',
    "{hourCycle:'h13'}", "{calendar:'x'}", "{hour:'numeric',hour12:true}", "{hour:'numeric',hour12:false}", "{dateStyle:'short',timeStyle:'long'}", "{era:'long'}", "{month:'long'}",
    "{month:'long',hour:'2-digit',minute:'numeric'}", "{timeZoneName:'long'}", "{hour:'numeric',dayPeriod:'short'}", "{weekday:'narrow',fractionalSecondDigits:3}", '{hourCycle:\'h23\'}']) {
    out.push(`new Intl.DateTimeFormat('en',${options}).resolvedOptions()`);
  }
  out.push("new Intl.DateTimeFormat('en-u-hc-h23',{hour:'numeric'}).resolvedOptions()", "new Intl.DateTimeFormat('en-u-hc-h23',{hour:'numeric',hour12:true}).resolvedOptions().locale",
    'new Intl.DateTimeFormat().format(NaN)', 'new Intl.DateTimeFormat().format(8.64e15+1)', 'new Intl.DateTimeFormat().formatRange()', 'new Intl.DateTimeFormat().formatRange(1,NaN)', 'new Intl.DateTimeFormat().formatRange(5,3)',
    'Intl.DateTimeFormat.prototype.formatToParts.call({})', 'Intl.NumberFormat.prototype.formatToParts.call({},5)', 'Intl.PluralRules.prototype.select.call(undefined,5)',
    '[new Intl.DateTimeFormat().format.name,new Intl.DateTimeFormat().format.length,new Intl.Collator().compare.length]', 'new Intl.DateTimeFormat().format(new Date(0))', "typeof new Intl.DateTimeFormat().format()",
    '(f=>f.format===f.format)(new Intl.NumberFormat())', '[1234.5,0.1].map(new Intl.NumberFormat().format)', 'new Intl.NumberFormat().format(Symbol())', 'new Intl.NumberFormat().format({valueOf(){return 5}})',
    'new Intl.NumberFormat().formatRange(NaN,3)', "new Intl.PluralRules('en',{type:'x'})", "new Intl.PluralRules('en').select(Symbol())", "new Intl.PluralRules('en').selectRange(1,NaN)",
    "new Intl.RelativeTimeFormat('en').format(1,'x')", "new Intl.RelativeTimeFormat('en').format(Infinity,'day')", "new Intl.ListFormat('en').format([1])", "new Intl.ListFormat('en').format()", "new Intl.ListFormat('en',5)",
    "new Intl.DisplayNames('en')", "new Intl.DisplayNames('en',{type:'x'})", "new Intl.DisplayNames('en',{type:'region'}).resolvedOptions()", "new Intl.DisplayNames('en',{type:'language'}).resolvedOptions()",
    "new Intl.Collator('en',{usage:'search',numeric:true,caseFirst:'upper'}).resolvedOptions()", "new Intl.Collator('en',{sensitivity:'x'})", "Intl.DateTimeFormat.supportedLocalesOf('en',{localeMatcher:'x'})");
  const d = 'new Date(1772712245678)';
  for (const name of ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']) {
    out.push(`${d}.${name}()`, `${d}.${name}('en-GB')`, `${d}.${name}('en-US',{month:'long'})`, `${d}.${name}('en-US',{hour:'numeric'})`, `${d}.${name}(undefined,{timeZone:'Asia/Tokyo'})`, `${d}.${name}('en',{weekday:'x'})`,
      `${d}.${name}('en',{dateStyle:'short'})`, `${d}.${name}('en',{timeStyle:'short'})`, `new Date(NaN).${name}()`, `Date.prototype.${name}.call({})`, `${d}.${name}('en',{timeZoneName:'short'})`, `${d}.${name}([])`, `[Date.prototype.${name}.length,Date.prototype.${name}.name]`);
  }
  out.push('(1234567.891).toLocaleString()', "(0.256).toLocaleString('en-US',{style:'percent'})", '12345678901234567890n.toLocaleString()', "123n.toLocaleString('en-US',{style:'currency',currency:'EUR'})",
    "(5).toLocaleString('en',{style:'x'})", "5n.toLocaleString('en',{style:'x'})", "(5).toLocaleString('en_US')", 'Number.prototype.toLocaleString.call({})', '[1234.5,new Date(0),null,\'x\',[1]].toLocaleString(\'en-US\',{timeZone:\'UTC\'})',
    "new Float64Array([1234.5,2]).toLocaleString('en-US',{minimumFractionDigits:2})", '(a=>(a.push(a),a.toLocaleString()))([1])', "'I'.toLocaleLowerCase('tr')", "'i'.toLocaleUpperCase('tr')", "'i'.toLocaleUpperCase(['x'])", "'ß'.toLocaleUpperCase()",
    "'a'.localeCompare('b','x')", "'\\u0041\\u030a'.normalize('NFC').length", "'\\u00c5'.normalize('NFD').length", "'ﬁ'.normalize('NFKC')", 'new Float64Array(1).toLocaleString.length');
}

if (typeof module !== 'undefined') {
  for (const source of calls()) console.log(JSON.stringify(evaluate(source)));
}
