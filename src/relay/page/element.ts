/** The element of index.html with that id. @throws TypeError where there is none of that kind: page and script do not fit. */
export function element<Kind extends Element>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`index.html has no ${kind.name} #${id}.`);
  return found;
}

/** `1920×1080`, as sizes are written everywhere here. */
export function sizeText({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${width}×${height}`;
}
