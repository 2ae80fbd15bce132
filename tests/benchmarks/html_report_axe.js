// What a browser and axe-core have to object to in a page: node html_report_axe.js report.html
// Needs puppeteer-core and axe-core (npm install them anywhere and name it by NODE_PATH) and a Chromium (CHROMIUM).
// Looks at it in light and dark, on a desktop and on a phone, everything unfolded; exits 1 where there is something.
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");

(async () => {
  const page_url = "file://" + path.resolve(process.argv[2]);
  const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  const browser = await puppeteer.launch({ executablePath, headless: true, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  let objections = 0;
  const object = (what) => { objections += 1; console.log(what); };
  page.on("console", (message) => object(`console: ${message.text()}`));
  page.on("pageerror", (error) => object(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== page_url && !request.url().startsWith("data:")) object(`request: ${request.url()}`);
  });
  await page.setBypassCSP(true); // for axe only; the page itself has no script
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(page_url);
      await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) object(`${width} ${scheme}: the page scrolls sideways by ${wide} px`);
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run());
      for (const each of found.violations) object(`${width} ${scheme}: ${each.impact} ${each.id}: ${each.nodes[0].html}`);
      console.log(`${width} ${scheme}: ${found.violations.length} violations, ${found.passes.length} rules passed`);
    }
  }
  await browser.close();
  process.exit(objections ? 1 : 0);
})();
