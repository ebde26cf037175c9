/**
 * Keeps plugins from ending their thread without a reason: `process.exit` throws instead.
 * @param onTry called with a message at each try, which the plugin may have caught
 * @returns a function that ends the thread
 */
export function keepFromExit(onTry: (message: string) => void = () => {}): (code?: typeof process.exitCode) => never {
  const exit = process.exit;
  process.exit = (code) => {
    const message = `a plugin called process.exit(${code ?? ''}), which would end the run without a word`;
    onTry(message);
    throw new Error(message);
  };
  // After an uncaught error Node itself ends the thread by this function, and reports the error to the thread's owner.
  process.once('uncaughtExceptionMonitor', () => {
    process.exit = exit;
  });
  return (code) => exit(code);
}
