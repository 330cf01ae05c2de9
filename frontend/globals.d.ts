// What classic scripts of the page put on `window`.
interface Htmx {
  ajax(verb: string, url: string, context: Record<string, unknown>): Promise<void>;
  process(element: Element): void;
}
interface DjangoCatalog {
  gettext(text: string): string;
  ngettext(one: string, many: string, count: number): string;
}
declare var htmx: Htmx;
declare var django: DjangoCatalog | undefined;
