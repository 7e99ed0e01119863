import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Command } from './ast.ts'
import { parseTemplate } from './parse.ts'
import { RenderError, renderExec, renderLiteral, renderWrite } from './render.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const firstCommand = (source: string): Command => {
  const parsed = parseTemplate(source)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const command = parsed.template.commands.at(-1)
  if (command === undefined) throw new Error('no command')
  return command
}

const execWith = (source: string, password: string) => {
  const command = firstCommand(source)
  if (command.kind !== 'exec') throw new Error('not exec')
  return renderExec(command.parts, { NEW_PASSWORD: bytes(password), IP: bytes('never') })
}

const writeWith = (value: Uint8Array, mode: 'lf' | 'cr' | 'crlf' = 'lf') => {
  const command = firstCommand('exec a\nwrite [#NEW_PASSWORD#]')
  if (command.kind !== 'write') throw new Error('not write')
  return renderWrite(command.parts, { NEW_PASSWORD: value }, mode)
}

describe('a value in exec', () => {
  test('stays one word beside other text', () => {
    expect(execWith('exec a=[#NEW_PASSWORD#]b "x[#NEW_PASSWORD#]y"', `'"`)).toBe(`a=''\\''"'b "x'\\"y"`)
  })

  test('is never read again as a tag', () => {
    expect(execWith('exec echo [#NEW_PASSWORD#]', '[#IP#]')).toBe("echo '[#IP#]'")
  })

  test('with NUL, or that is not UTF-8, is refused', () => {
    const command = firstCommand('exec echo [#NEW_PASSWORD#]')
    if (command.kind !== 'exec') throw new Error('not exec')
    for (const value of [Uint8Array.of(0x61, 0), Uint8Array.of(0xff)]) {
      expect(() => renderExec(command.parts, { NEW_PASSWORD: value })).toThrow(RenderError)
    }
  })

  test('that is missing is refused', () => {
    const command = firstCommand('exec echo [#AUTH_PASSWORD#]')
    if (command.kind !== 'exec') throw new Error('not exec')
    expect(() => renderExec(command.parts, {})).toThrow('There is no value for AUTH_PASSWORD')
  })
})

describe('a value in write', () => {
  test('arrives byte for byte, followed by the new line of the mode', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), value => {
        fc.pre(value.every(byte => byte >= 0x20 && byte !== 0x7f))
        expect(writeWith(value, 'crlf')).toEqual(Uint8Array.from([...value, 13, 10]))
      }),
    )
  })

  test.each([0x00, 0x03, 0x04, 0x09, 0x0a, 0x0d, 0x1b, 0x7f])(
    'with control character %i is refused',
    byte => {
      expect(() => writeWith(Uint8Array.of(0x61, byte))).toThrow(RenderError)
    },
  )

  test('never shows in the refusal', () => {
    expect(() => writeWith(bytes('hunter2\n'))).toThrow(expect.not.objectContaining({ message: /hunter2/ }))
  })
})

test('a value in expect is literal text', () => {
  const command = firstCommand("exec a\nexpect [#USERNAME#]'s password:")
  if (command.kind !== 'expect') throw new Error('not expect')
  expect(renderLiteral(command.parts, { USERNAME: bytes('a.*b') })).toBe("a.*b's password:")
})
