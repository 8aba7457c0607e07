import os
import shutil
import subprocess
import sys
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas
from tiny_model import write_tiny_model

from kb.index import Library


def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PRECALL_HOME"} | {"COLUMNS": "160"}
    if home is not None:
        environment["PRECALL_HOME"] = str(home)
    command = [sys.executable, "-m", "kb", *arguments]
    return subprocess.run(  # noqa: S603  # our own module, arguments from the tests below
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


def test_the_command_builds_names_problems_and_succeeds(tmp_path: Path) -> None:
    documents = tmp_path / "kb" / "documents"
    documents.mkdir(parents=True)
    (documents / "[red]scan.pdf").write_bytes(b"")
    (documents / "red\x1b[31m\u202e.pdf").write_bytes(b"no PDF")
    canvas = Canvas(str(documents / "leaflet.pdf"))
    canvas.drawString(72, 700, "The zebra plan costs 12 dollars.")
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 600, "Praise the walrus.")
    canvas.save()

    done = run(home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "[red]scan.pdf" in done.stdout
    assert "is empty (0 bytes)" in done.stdout
    assert "red[31m.pdf" in done.stdout
    assert "\x1b" not in done.stdout
    assert "1 document, 1 page, 1 passage" in done.stdout
    assert "Made up for the demo" not in done.stdout
    assert "2 files left out; 16 hidden characters left out." in done.stdout
    shown = " ".join(done.stdout.replace("│", " ").split())
    assert "Page 1: 16 hidden characters left out" in shown
    assert "in the colour of what is behind it" in shown


def test_a_home_without_documents_is_told_where_to_put_them_and_has_an_empty_index(tmp_path: Path) -> None:
    done = run(home=tmp_path)

    documents = tmp_path / "kb" / "documents"
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"There are no documents in {documents}, so plans quote none. Put PDFs there and run this again, or run it "
        "with --demo for five made-up ones.\n"
    )
    assert list(documents.iterdir()) == []
    assert Library.open(tmp_path / "kb" / "index").passages == ()


def test_the_demo_has_its_documents_only_where_asked_for_and_is_gone_with_its_folder(tmp_path: Path) -> None:
    documents = tmp_path / "kb" / "documents"
    with_demo = run("--demo", home=tmp_path)
    still = run(home=tmp_path)
    remark = f"Made up for the demo: 5 documents. To be rid of them, delete {documents / 'demo'} and run `precall kb`."
    for done in (with_demo, still):
        assert done.returncode == 0, done.stderr
        assert "5 documents, 20 pages, 66 passages" in done.stdout
        assert done.stdout.count("Made up for the software demo.") == 5
        assert done.stdout.endswith(f"{remark}\n")
    assert {path.parent for path in documents.rglob("*.pdf")} == {documents / "demo"}

    shutil.rmtree(documents / "demo")
    without = run(home=tmp_path)

    assert without.stdout.startswith("There are no documents")
    assert Library.open(tmp_path / "kb" / "index").passages == ()


def test_a_home_that_cannot_be_made_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = run("--home", str(tmp_path / "no" / "such"))

    assert done.returncode == 2
    assert done.stdout == ""
    assert str(tmp_path / "no") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_is_not_there_is_one_sentence_and_one_that_is_there_is_used(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    (tmp_path / "home").mkdir()

    wrong = run("--home", home, "--embedding-model", str(tmp_path / "none"))
    right = run("--home", home, "--demo", "--embedding-model", str(write_tiny_model(tmp_path / "model")))

    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == f"The embedding model in {tmp_path / 'none'} cannot be used: it is no folder.\n"
    assert right.returncode == 0, right.stderr
    assert "Embed passages" in right.stderr
