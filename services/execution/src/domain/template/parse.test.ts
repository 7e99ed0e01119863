import { describe, expect, test } from 'vitest'
import { builtInTemplates } from './built-in.ts'
import { parseTemplate } from './parse.ts'

const problemsOf = (source: string) => {
  const parsed = parseTemplate(source)
  return parsed.ok ? [] : parsed.problems
}

const messagesOf = (source: string) =>
  problemsOf(source)
    .map(({ message }) => message)
    .join('\n')

describe('a template', () => {
  test('is one command a line, with comments and blank lines', () => {
    const parsed = parseTemplate(
      '# a comment\n\nset-terminal off\r\nexec chpasswd\nwrite [#USERNAME#]:[#NEW_PASSWORD#]\nend 3\n',
    )
    expect(parsed).toMatchObject({
      ok: true,
      template: {
        commands: [
          { kind: 'set-terminal', on: false, line: 3 },
          { kind: 'exec', parts: [{ kind: 'text', text: 'chpasswd' }] },
          { kind: 'write', parts: [{ tag: 'USERNAME' }, { text: ':' }, { tag: 'NEW_PASSWORD', column: 20 }] },
          { kind: 'end', status: 3 },
        ],
      },
    })
  })

  test('tells every problem with its line and column', () => {
    expect(problemsOf('exec true\n  launch x\nwrite [#NOPE#]\nsleep 61\nset-new-line-mode lfcr')).toEqual([
      expect.objectContaining({
        line: 2,
        column: 3,
        message: expect.stringContaining('Unknown command "launch"'),
      }),
      expect.objectContaining({ line: 3, column: 7, message: expect.stringContaining('Unknown tag "NOPE"') }),
      expect.objectContaining({ line: 4, column: 7, message: expect.stringContaining('at most 60') }),
      expect.objectContaining({ line: 5, column: 19, message: 'Expected lf or cr or crlf' }),
    ])
  })

  test.each([
    ['exec a\nexpect [#NEW_PASSWORD#]', 'is secret'],
    ['exec a\nexpect-regex (a', 'not closed'],
    ['exec a\nexpect-regex [#IP#]', 'takes no tags'],
    ['exec a\nexpect', 'Expected the text'],
    ['exec a\nset-read-timeout 0', 'more than 0'],
    ['exec a\nset-connect-timeout 1e3', 'number of seconds'],
    ['exec a\nend 256', 'exit status'],
    ['write x', 'needs an "exec"'],
    ['exec a\nend\nwrite x', 'needs an "exec"'],
    ['sleep 1', 'at least one "exec"'],
    ['', 'at least one "exec"'],
    ['exec a\nwrite [#IP', 'ends with "#]"'],
    ['exec a\u0007', 'control character'],
    ['__proto__ x\nexec a', 'Unknown command'],
    ['exec a\nwrite [#constructor#]', 'Unknown tag'],
    ['exec a\n'.repeat(501), 'at most 500 commands'],
    [`exec ${'a'.repeat(70_000)}`, 'bytes'],
    [`exec ${'a'.repeat(9000)}`, 'characters'],
  ])('%j is refused: %s', (source, message) => {
    expect(messagesOf(source)).toContain(message)
  })

  test.each([
    'exec echo `hostname` [#IP#]',
    'exec echo $(echo [#IP#])',
    'exec echo "$(echo [#IP#])"',
    'exec echo ${[#IP#]}',
    'exec echo $[#USERNAME#]',
    'exec echo "$[#USERNAME#]"',
    "exec echo $'[#USERNAME#]'",
    'exec echo \\[#USERNAME#]',
    'exec echo "\\[#USERNAME#]"',
    'exec true # [#USERNAME#]',
    'exec echo "[#USERNAME#]',
    "exec sh -c 'echo [#USERNAME#]'",
    'exec /bin/bash -ec "echo [#USERNAME#]"',
    'exec su - root -c "passwd [#USERNAME#]"',
    'exec eval [#USERNAME#]',
  ])('%j has a tag where nothing can be quoted safely', source => {
    expect(problemsOf(source)).not.toEqual([])
  })

  test('warns of a secret in a command line', () => {
    const parsed = parseTemplate('exec echo [#NEW_PASSWORD#]')
    expect(parsed.ok && parsed.template.warnings).toEqual([expect.stringContaining('Line 1')])
  })

  test.each(builtInTemplates)('"$name" parses, and puts no secret into a command line', ({ source }) => {
    const parsed = parseTemplate(source)
    expect(parsed).toMatchObject({ ok: true, template: { warnings: [] } })
    expect(parsed.ok && parsed.template.tags.has('NEW_PASSWORD')).toBe(true)
  })
})
