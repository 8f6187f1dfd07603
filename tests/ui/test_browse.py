"""All that was uploaded, looked through by filters; one decision for many pictures, and its undo."""

from collections import Counter
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.digits import Digits
from tests.live import LiveServer
from tests.ui.conftest import OpenPage
from tests.ui.fit import crooked
from tests.ui.test_accessible import SERIOUS

SEVEN, ONE, FOUR = 0, 2, 4  # positions of such digits
BROWSING = "performance.getEntriesByType('resource').some(({ name }) => name.includes('/app/browse/'))"
CLASS, PART, ORDER = "Only with the label", "Which pictures", "In which order"


def unfolded(page: Page) -> Locator:
    page.locator("summary", has_text="All pictures").click()
    grid = page.get_by_role("listbox", name="All pictures")
    grid.get_by_role("option").first.wait_for()
    return grid


def part(page: Page, name: str) -> Locator:
    return page.locator("details", has_text="All pictures").get_by_role("combobox", name=name)


def fill(server: LiveServer, digits: Digits, count: int) -> list[str]:
    """Upload that many digits under their labels: their hashes, newest first, as the page has them."""
    chosen = range(100, 100 + count)
    server.upload([(f"{n}.png", digits.png(n)) for n in chosen], [str(digits.classes[n]) for n in chosen])
    return [each["sha256"] for each in listed(server)]


def listed(server: LiveServer, query: str = "") -> list[dict[str, str]]:
    found: list[dict[str, str]] = server.get(f"/dataset/images?limit=1000{query}").json()["images"]
    return found


def labels(server: LiveServer) -> dict[str, str]:
    return {each["sha256"]: each["label"] for each in listed(server)}


def marked(grid: Locator) -> list[str]:
    chosen = grid.locator('[aria-selected="true"]')
    return [str(each) for each in chosen.evaluate_all("(all) => all.map((each) => each.dataset.key)")]


def shown(grid: Locator) -> list[str]:
    return [
        str(each) for each in grid.get_by_role("option").evaluate_all("(all) => all.map((each) => each.dataset.key)")
    ]


def test_filters_show_what_is_meant(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        all_of_them = fill(server, digits, 40)
        page = open_page(server.url, "teach")
        expect(page.locator(".columns").first).to_be_visible()
        assert not page.evaluate(BROWSING), "it is loaded once it is unfolded"
        grid = unfolded(page)
        assert page.evaluate(BROWSING)
        assert shown(grid) == all_of_them
        grid.scroll_into_view_if_needed()  # pictures are loaded as they come into sight
        expect(grid.locator("img").first).to_have_js_property("naturalWidth", 28)
        sevens = Counter(labels(server).values())["7"]
        part(page, CLASS).select_option("7")
        expect(grid.get_by_role("option")).to_have_count(sevens)
        expect(grid.locator(".tile-label")).to_have_text(["7"] * sevens)
        part(page, CLASS).select_option("")
        for name, split in (("held out", "test"), ("learnt from", "train")):
            part(page, PART).select_option(name)
            expect(grid.get_by_role("option")).to_have_count(len(wanted := listed(server, f"&split={split}")))
            assert shown(grid) == [each["sha256"] for each in wanted]
        part(page, PART).select_option("doubted")
        expect(page.get_by_text("No picture is like that.")).to_be_visible()
        expect(grid).to_be_hidden()


def test_three_are_relabelled_by_one_decision_which_is_undone(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        hashes = fill(server, digits, 12)
        before = labels(server)
        page = open_page(server.url, "teach")
        grid = unfolded(page)
        give = page.get_by_role("button", name="Give it")
        expect(give).to_be_disabled()
        grid.get_by_role("option").nth(2).click()
        grid.get_by_role("option").nth(4).click(modifiers=["Shift"])
        assert marked(grid) == hashes[2:5]
        expect(page.get_by_text("3 pictures marked")).to_be_visible()
        other = next(str(label) for label in range(10) if str(label) not in {before[each] for each in hashes[2:5]})
        page.get_by_role("combobox", name="The label to give").select_option(other)
        give.click()
        expect(page.get_by_text(f"3 pictures are labelled {other}.")).to_be_visible()
        expect(grid.get_by_role("option", name=f"labelled {other}")).to_have_count(
            3 + Counter(before[each] for each in {*hashes} - {*hashes[2:5]})[other]
        )
        assert labels(server) == before | dict.fromkeys(hashes[2:5], other)
        batches = server.get("/dataset/batches").json()["batches"]
        assert [each["source"] for each in batches[:-1]] == ["by hand: relabel"]
        expect(page.get_by_text(f"Decision {batches[0]['batch']}")).to_be_visible()
        assert marked(grid) == []
        page.locator(".notice").get_by_role("button", name="Undo").click()
        expect(page.get_by_text(f"Decision {batches[0]['batch']}")).to_have_count(0)
        expect(grid.locator(".tile-label")).to_have_text([before[each] for each in hashes])
        assert labels(server) == before


def test_many_are_put_aside_and_brought_back(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        hashes = fill(server, digits, 130)
        page = open_page(server.url, "teach")
        grid = unfolded(page)
        expect(grid.get_by_role("option")).to_have_count(100)
        page.get_by_role("button", name="Show more", exact=True).click()
        expect(grid.get_by_role("option")).to_have_count(130)
        assert shown(grid) == hashes
        expect(page.get_by_role("button", name="Show more", exact=True)).to_be_hidden()
        page.get_by_role("button", name="Mark all").click()
        grid.get_by_role("option").first.click()
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("129 pictures are put aside.")).to_be_visible()
        expect(grid.get_by_role("option")).to_have_count(1)
        assert list(labels(server)) == hashes[:1]
        part(page, PART).select_option("put aside")
        expect(grid.get_by_role("option", name="put aside")).to_have_count(100)
        page.locator(".notice").get_by_role("button", name="Undo").click()
        expect(page.get_by_text("No picture is like that.")).to_be_visible()
        assert list(labels(server)) == hashes


def test_a_label_that_the_model_reads_otherwise_is_found(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        fill(server, digits, 8)
        files = [("slip.png", digits.png(SEVEN)), ("right.png", digits.png(ONE))]
        server.upload(files, ["8", "1"], source="correction")  # which nobody doubts
        slip = next(each["sha256"] for each in listed(server, "&label=8&source=correction"))
        page = open_page(server.url, "teach")
        grid = unfolded(page)
        part(page, ORDER).select_option("which the model reads otherwise")
        expect(grid.get_by_role("option")).to_have_count(1)
        assert shown(grid) == [slip]
        expect(grid.get_by_role("option", name="labelled 8 read as 7")).to_be_visible()


def test_doubted_labels_are_accepted_the_least_believed_first(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        fill(server, digits, 4)
        server.upload([(f"{n}.png", digits.png(n)) for n in (SEVEN, ONE, FOUR)], ["8", "2", "5"])
        page = open_page(server.url, "teach")
        grid = unfolded(page)
        part(page, ORDER).select_option("least believed first")
        expect(grid.get_by_role("option", name="doubted")).to_have_count(3)
        assert shown(grid) == [each["sha256"] for each in listed(server, "&against=doubt")]
        expect(grid.get_by_role("option", name="labelled 8, doubted read as 7")).to_be_visible()
        page.get_by_role("button", name="Mark all").click()
        page.get_by_role("button", name="Accept 3", exact=True).click()
        expect(page.get_by_text("The labels of 3 pictures are accepted.")).to_be_visible()
        expect(page.get_by_role("button", name="Doubted")).to_be_hidden()
        assert server.get("/dataset").json()["suspects_count"] == 0
        assert {"8", "2", "5"} <= {*labels(server).values()}
        expect(page.get_by_text("No picture is like that.")).to_be_visible()
        expect(part(page, PART)).to_be_focused()


def test_a_keyboard_is_enough_and_the_desk_hears_none_of_it(
    tmp_path: Path, open_page: OpenPage, digits: Digits
) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        hashes = fill(server, digits, 30)
        server.upload([("slip.png", digits.png(SEVEN))], ["8"])  # so that there is a desk
        page = open_page(server.url, "teach")
        expect(page.locator(".strip .here")).to_be_visible()
        page.locator("summary", has_text="All pictures").focus()
        page.keyboard.press("Enter")
        grid = page.get_by_role("listbox", name="All pictures")
        expect(grid.get_by_role("option")).to_have_count(31)
        page.get_by_role("button", name="Remove", exact=True).last.wait_for()
        expect(grid.locator('[tabindex="0"]')).to_have_count(1)
        for _ in range(8):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('role')") == "option":
                break
        hashes = shown(grid)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
        row = grid.evaluate("(list) => getComputedStyle(list).gridTemplateColumns.split(' ').length")
        assert marked(grid) == hashes[1 : 3 + row]
        page.keyboard.press("Escape")
        page.keyboard.press("End")
        page.keyboard.press("Space")
        page.keyboard.press("Delete")
        page.keyboard.press("7")
        assert marked(grid) == hashes[-1:]
        expect(page.get_by_role("button", name="Send", exact=False)).to_be_disabled()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")  # Remove, which stands before them
        expect(page.get_by_text("1 picture is put aside.")).to_be_visible()
        expect(grid.get_by_role("option")).to_have_count(30)
        expect(grid.locator(":focus")).to_have_attribute("data-key", hashes[-2])
        page.keyboard.press("Control+a")
        assert len(marked(grid)) == 30


def test_it_fits_beside_a_doubt_in_large_text(tmp_path: Path, open_page: OpenPage, digits: Digits, axe: str) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server:
        fill(server, digits, 20)
        server.upload([("slip.png", digits.png(SEVEN))], ["8"])
        page = open_page(server.url, "teach", width=360, scheme="dark", locale="de-DE")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        page.locator("summary", has_text="Alle Bilder").click()
        grid = page.get_by_role("listbox", name="Alle Bilder")
        for place in (0, 3):
            grid.get_by_role("option").nth(place).click()
        expect(page.get_by_role("button", name="1 annehmen", exact=True)).to_be_visible()
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == []
        assert crooked(page) == []


def test_it_works_with_a_key_and_for_another_model(tmp_path: Path, open_page: OpenPage, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none", environment={"RELEARN_API_KEY": "a-key"}) as server:
        server.client.headers["X-API-Key"] = "a-key"
        assert server.post("/m", json={"name": "pets", "classes": ["cat", "dog"]}).status_code == 201
        files = [("files", (f"{n}.png", digits.png(n))) for n in range(3)]
        server.post("/m/pets/upload", files=files, data={"labels": ["cat", "dog", "dog"]}).raise_for_status()
        page = open_page(f"{server.url}/m/pets", "teach")
        dialog = page.get_by_role("dialog", name="This needs the API key")
        dialog.get_by_label("API key").fill("a-key")
        page.keyboard.press("Enter")
        grid = unfolded(page)
        grid.scroll_into_view_if_needed()  # pictures are loaded as they come into sight
        expect(grid.locator("img").first).to_have_js_property("naturalWidth", 28)
        part(page, CLASS).select_option("dog")
        expect(grid.get_by_role("option")).to_have_count(2)
