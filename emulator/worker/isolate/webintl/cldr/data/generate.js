// Writes the JSON files beside it from the Unicode CLDR and from this Node's own ICU:
//   npm install cldr-core cldr-dates-full cldr-numbers-full cldr-units-full cldr-localenames-full cldr-bcp47
//   node generate.js path/to/node_modules
// The files hold English and, for its regions, what differs from it.
'use strict';

const fs = require('fs');
const path = require('path');

const root = process.argv[2];
const regions = ['en-GB', 'en-CA', 'en-AU', 'en-IN', 'en-NZ', 'en-IE'];
const read = (...parts) => JSON.parse(fs.readFileSync(path.join(root, ...parts), 'utf8'));
const main = (pack, locale, file) => read(pack, 'main', locale, file).main[locale];
const write = (name, data) => fs.writeFileSync(path.join(__dirname, name), JSON.stringify(data) + '\n');
const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);

/** What of b is not in a. */
function difference(a, b) {
  const out = {};
  for (const [key, value] of Object.entries(b)) {
    if (isObject(value) && isObject(a[key])) {
      const d = difference(a[key], value);
      if (Object.keys(d).length > 0) out[key] = d;
    } else if (JSON.stringify(value) !== JSON.stringify(a[key])) {
      out[key] = value;
    }
  }
  return out;
}

function perLocale(name, make) {
  const en = make('en');
  const out = { en };
  for (const region of regions) out[region] = difference(en, make(region));
  write(name, out);
}

const plain = (o) => Object.fromEntries(Object.entries(o).filter(([key]) => !/-alt-|-count-/.test(key)));
const styles = (o) => ['full', 'long', 'medium', 'short'].map((s) => o[s]);

function dates(locale) {
  const g = main('cldr-dates-full', locale, 'ca-gregorian.json').dates.calendars.gregorian;
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  const names = (set, keys) => ({
    narrow: keys.map((k) => set.narrow[k]), short: keys.map((k) => set.abbreviated[k]), long: keys.map((k) => set.wide[k]),
  });
  const numbers = Array.from({ length: 12 }, (_, i) => `${i + 1}`);
  const periods = {};
  for (const [width, key] of [['narrow', 'narrow'], ['short', 'abbreviated'], ['long', 'wide']]) {
    periods[width] = plain(g.dayPeriods.format[key]);
  }
  const { intervalFormatFallback, ...intervals } = g.dateTimeFormats.intervalFormats;
  for (const key of Object.keys(intervals)) intervals[key] = plain(intervals[key]);
  return {
    months: names(g.months.format, numbers), weekdays: names(g.days.format, days),
    standaloneMonths: names(g.months['stand-alone'], numbers), standaloneWeekdays: names(g.days['stand-alone'], days),
    eras: { narrow: [g.eras.eraNarrow[0], g.eras.eraNarrow[1]], short: [g.eras.eraAbbr[0], g.eras.eraAbbr[1]], long: [g.eras.eraNames[0], g.eras.eraNames[1]] },
    periods, date: styles(g.dateFormats), time: styles(g.timeFormats),
    glue: styles(g.dateTimeFormats), glueAt: styles(g['dateTimeFormats-atTime'].standard),
    available: plain(g.dateTimeFormats.availableFormats), append: g.dateTimeFormats.appendItems,
    intervals, fallback: intervalFormatFallback,
    fields: Object.fromEntries(['era', 'year', 'month', 'week', 'weekday', 'day', 'dayperiod', 'hour', 'minute', 'second', 'zone', 'quarter']
      .map((f) => [f, main('cldr-dates-full', locale, 'dateFields.json').dates.fields[f].displayName])),
  };
}

function relative(locale) {
  const fields = main('cldr-dates-full', locale, 'dateFields.json').dates.fields;
  const out = {};
  for (const unit of ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']) {
    for (const [style, suffix] of [['long', ''], ['short', '-short'], ['narrow', '-narrow']]) {
      const f = fields[unit + suffix];
      const words = {};
      for (const key of Object.keys(f)) {
        const m = /^relative-type-(-?\d+)$/.exec(key);
        if (m) words[m[1]] = f[key];
      }
      const forms = (t) => [t['relativeTimePattern-count-one'], t['relativeTimePattern-count-other']];
      out[`${unit}-${style}`] = { words, past: forms(f['relativeTime-type-past']), future: forms(f['relativeTime-type-future']) };
    }
  }
  return out;
}

function numbers(locale) {
  const n = main('cldr-numbers-full', locale, 'numbers.json').numbers;
  const currencies = main('cldr-numbers-full', locale, 'currencies.json').numbers.currencies;
  const compact = (o) => {
    const out = {};
    for (const [key, value] of Object.entries(o)) {
      const m = /^(10+)-count-other$/.exec(key);
      if (m) out[m[1].length - 1] = value;
    }
    return out;
  };
  const money = n['currencyFormats-numberSystem-latn'];
  return {
    decimal: n['decimalFormats-numberSystem-latn'].standard, percent: n['percentFormats-numberSystem-latn'].standard,
    currency: money.standard, accounting: money.accounting,
    short: compact(n['decimalFormats-numberSystem-latn'].short.decimalFormat),
    long: compact(n['decimalFormats-numberSystem-latn'].long.decimalFormat),
    range: n['miscPatterns-numberSystem-latn'].range,
    approximately: n['symbols-numberSystem-latn'].approximatelySign,
    currencies: Object.fromEntries(Object.entries(currencies).map(([code, c]) => [code, [
      c.symbol ?? code, c['symbol-alt-narrow'] ?? c.symbol ?? code, c.displayName,
      c['displayName-count-one'] ?? c.displayName, c['displayName-count-other'] ?? c.displayName,
    ]])),
  };
}

function currencyDigits() {
  const fractions = read('cldr-core', 'supplemental', 'currencyData.json').supplemental.currencyData.fractions;
  const out = {};
  for (const code of Object.keys(fractions)) {
    if (code === 'DEFAULT') continue;
    const d = new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits;
    if (d !== 2) out[code] = d;
  }
  return out;
}

function units(locale) {
  const u = main('cldr-units-full', locale, 'units.json').units;
  const simple = Intl.supportedValuesOf('unit');
  const out = {};
  for (const style of ['long', 'short', 'narrow']) {
    const find = (name) => Object.entries(u[style]).find(([key]) => key.replace(/^[a-z]+-/, '') === name)?.[1];
    for (const name of Object.keys(u[style])) {
      const short = name.replace(/^[a-z]+-/, '');
      const parts = short.split('-per-');
      if (!parts.every((p) => simple.includes(p)) || (parts.length === 1 && !simple.includes(short))) continue;
      const f = find(short);
      out[`${short}/${style}`] = [f['unitPattern-count-one'], f['unitPattern-count-other'], f.perUnitPattern ?? ''];
    }
    out[`per/${style}`] = [u[style].per.compoundUnitPattern, '', ''];
  }
  return out;
}

function names(locale) {
  const l = 'cldr-localenames-full';
  const get = (file, key) => main(l, locale, file).localeDisplayNames[key];
  const territories = get('territories.json', 'territories');
  const languages = get('languages.json', 'languages');
  return {
    region: plain(territories), language: plain(languages), script: plain(get('scripts.json', 'scripts')),
    shortLanguage: Object.fromEntries(Object.entries(languages).filter(([k]) => k.endsWith('-alt-short')).map(([k, v]) => [k.replace('-alt-short', ''), v])),
    shortRegion: Object.fromEntries(Object.entries(territories).filter(([k]) => k.endsWith('-alt-short')).map(([k, v]) => [k.replace('-alt-short', ''), v])),
  };
}

const at = (text) => Date.parse(text.replace(' ', 'T') + (text.length > 10 ? ':00Z' : 'T00:00:00Z'));

function metazones(zone) {
  let node = read.zones ??= read('cldr-core', 'supplemental', 'metaZones.json').supplemental.metaZones.metazoneInfo.timezone;
  for (const part of zone.split('/')) node = node?.[part];
  if (!Array.isArray(node)) return [];
  return node.map(({ usesMetazone: u }) => [u._mzone, u._from ? at(u._from) / 1000 : null, u._to ? at(u._to) / 1000 : null]);
}

/** The generic names of a zone as runs: [until (seconds), short, long], the last without an end. */
function generics(zone) {
  const make = (timeZoneName) => {
    const f = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName });
    return (t) => f.formatToParts(t).find((p) => p.type === 'timeZoneName').value;
  };
  const short = make('shortGeneric');
  const long = make('longGeneric');
  const name = (t) => `${short(t * 1000)}\n${long(t * 1000)}`;
  const step = 30 * 86400;
  const runs = [];
  let from = Date.UTC(1845, 0, 1) / 1000;
  let current = name(from);
  for (let t = from + step; t < Date.UTC(2037, 11, 1) / 1000; t += step) {
    const next = name(t);
    if (next === current) continue;
    let low = t - step;
    let high = t;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (name(middle) === current) low = middle;
      else high = middle;
    }
    runs.push([high, ...current.split('\n')]);
    current = name(high);
  }
  runs.push([null, ...current.split('\n')]);
  return runs;
}

function zones() {
  const bcp = read('cldr-bcp47', 'bcp47', 'timezone.json').keyword.u.tz;
  const out = {};
  for (const entry of Object.values(bcp)) {
    if (!isObject(entry) || !entry._alias) continue;
    const aliases = entry._alias.split(' ');
    for (const alias of aliases) {
      let canonical;
      try {
        canonical = new Intl.DateTimeFormat('en', { timeZone: alias }).resolvedOptions().timeZone;
      } catch {
        continue;
      }
      const z = out[canonical] ??= { aliases: [], metazones: metazones(aliases[0]) };
      if (alias !== canonical) z.aliases.push(alias);
    }
  }
  return out;
}

function zoneNames(locale) {
  const t = main('cldr-dates-full', locale, 'timeZoneNames.json').dates.timeZoneNames;
  const names = {};
  const add = (key, node) => {
    const names3 = (o) => [o?.standard ?? '', o?.daylight ?? '', o?.generic ?? ''];
    if (node.long || node.short) names[key] = { long: names3(node.long), short: names3(node.short) };
  };
  for (const [key, node] of Object.entries(t.metazone)) add(key, node);
  const walk = (prefix, node) => {
    for (const [key, child] of Object.entries(node)) {
      if (child._type === 'zone') add(`${prefix}${key}`, child);
      else if (isObject(child)) walk(`${prefix}${key}/`, child);
    }
  };
  walk('', t.zone);
  return names;
}

perLocale('dates.json', dates);
perLocale('relative.json', relative);
perLocale('numbers.json', numbers);
perLocale('units.json', units);
perLocale('names.json', names);
perLocale('zonenames.json', zoneNames);
write('digits.json', currencyDigits());
const known = zones();
write('zones.json', known);
write('generics.json', Object.fromEntries(Object.keys(known).map((zone) => [zone, generics(zone)])));
write('values.json', Object.fromEntries(['calendar', 'collation', 'currency', 'numberingSystem', 'timeZone', 'unit']
  .map((key) => [key, Intl.supportedValuesOf(key)])));
