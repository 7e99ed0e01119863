import type { Pattern } from '../pattern/pattern.ts'
import type { Tag } from './tags.ts'

export type Text = { kind: 'text'; text: string }

export type TagPart = { kind: 'tag'; tag: Tag; column: number }

/** Text and tags as they alternate in `write`, `expect` and `no-expect`. */
export type Part = Text | TagPart

/** How the shell sees the place where a tag stands. */
export type Quoting = 'bare' | 'single' | 'double'

export type ShellPart = Text | (TagPart & { quoting: Quoting })

export type NewLineMode = 'lf' | 'cr' | 'crlf'

export type Command =
  | { kind: 'exec'; line: number; source: string; parts: readonly ShellPart[] }
  | { kind: 'write'; line: number; source: string; parts: readonly Part[] }
  | { kind: 'expect'; line: number; source: string; parts: readonly Part[] }
  | { kind: 'expect-regex'; line: number; source: string; pattern: Pattern }
  | { kind: 'no-expect'; line: number; source: string; parts: readonly Part[] }
  | { kind: 'sleep'; line: number; source: string; milliseconds: number }
  | { kind: 'set-read-timeout'; line: number; source: string; milliseconds: number }
  | { kind: 'set-connect-timeout'; line: number; source: string; milliseconds: number }
  | { kind: 'set-new-line-mode'; line: number; source: string; mode: NewLineMode }
  | { kind: 'set-terminal'; line: number; source: string; on: boolean }
  | { kind: 'end'; line: number; source: string; status: number }

export type Template = {
  commands: readonly Command[]
  /** Every tag that some line uses. */
  tags: ReadonlySet<Tag>
  /** Things worth a second look that are no errors. */
  warnings: readonly string[]
}

/** Lines and columns count from 1. */
export type Problem = { line: number; column: number; message: string }

export type Parsed = { ok: true; template: Template } | { ok: false; problems: readonly Problem[] }
