/** Milliseconds that a page must be hidden. A quick look at another tab should not end the connection. */
const HIDDEN_FOR_MS = 5_000;

interface DocumentLike {
  readonly visibilityState: string;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

/**
 * Calls `onHidden` when the page has been hidden for 5 s, and `onShown` when it becomes visible after that. Does nothing
 * if there is no page, as in Node.
 * @returns a function that stops watching
 */
export function hiddenPage(onHidden: () => void, onShown: () => void): () => void {
  const page = (globalThis as { readonly document?: DocumentLike }).document;
  if (!page) return () => {};
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let hidden = false;
  const change = () => {
    clearTimeout(waiting);
    if (page.visibilityState === 'hidden') {
      waiting = setTimeout(() => {
        hidden = true;
        onHidden();
      }, HIDDEN_FOR_MS);
    } else if (hidden) {
      hidden = false;
      onShown();
    }
  };
  page.addEventListener('visibilitychange', change);
  change();
  return () => {
    clearTimeout(waiting);
    page.removeEventListener('visibilitychange', change);
  };
}
