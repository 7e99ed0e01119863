import type { KeyboardAuthContext } from 'ssh2'

export type Question = { readonly prompt: string; readonly echo: boolean }

/** Thrown when the client turned to something else, or answered what was not asked. */
export class PromptAbandoned extends Error {}

/** Asks by keyboard-interactive (RFC 4256), and gives exactly as many answers as there were questions. */
export const askByKeyboard = (
  context: KeyboardAuthContext,
  title: string,
  text: string,
  questions: readonly Question[],
): Promise<string[]> =>
  new Promise((resolve, reject) => {
    context.prompt([...questions], title, text, (answers: unknown) => {
      if (isAnswers(answers, questions.length)) resolve(answers)
      else reject(new PromptAbandoned('the answers do not fit the questions'))
    })
  })

const MAX_ANSWER_CHARACTERS = 1024

const isAnswers = (answers: unknown, count: number): answers is string[] =>
  Array.isArray(answers) &&
  answers.length === count &&
  answers.every(answer => typeof answer === 'string' && answer.length <= MAX_ANSWER_CHARACTERS)
