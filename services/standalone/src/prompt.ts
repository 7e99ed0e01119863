import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Questions to a person, on standard error; answers come from standard input, a line each. */
export type Prompt = Disposable & {
  readonly tell: (text: string) => void
  readonly ask: (question: string) => Promise<string>
  /** Does not show what is typed. */
  readonly askHidden: (question: string) => Promise<string>
}

export const openPrompt = (): Prompt => {
  let hidden = false
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!hidden) process.stderr.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY })
  // Lines that come before they are asked for wait here, as when the input is a file.
  const answers = lines[Symbol.asyncIterator]()
  const ask = async (question: string): Promise<string> => {
    process.stderr.write(question)
    const answer = await answers.next()
    if (answer.done) throw new Error('There are no more answers')
    return answer.value
  }
  return {
    tell: text => void process.stderr.write(`${text}\n`),
    ask,
    askHidden: async question => {
      hidden = true
      const answer = await ask(question)
      hidden = false
      process.stderr.write('\n')
      return answer
    },
    [Symbol.dispose]: () => lines.close(),
  }
}
