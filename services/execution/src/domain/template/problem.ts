import type { Problem } from './ast.ts'

/** Thrown inside the parser only; `parseTemplate` turns it into a `Problem`. */
export class TemplateProblem extends Error {
  readonly column: number

  constructor(column: number, message: string) {
    super(message)
    this.column = column
  }

  at(line: number): Problem {
    return { line, column: this.column, message: this.message }
  }
}
