"""The picture holds every strength, where it belongs."""

from xml.etree import ElementTree

from benchmarks.diversity.figure import Point, curve

SVG = "{http://www.w3.org/2000/svg}"


def test_points_lie_in_the_order_of_their_values():
    points = [Point(0.0, 0.3, 0.1, 0.0), Point(0.5, 0.6, 0.08, 0.01), Point(1.0, 0.9, 0.02, 0.02)]
    root = ElementTree.fromstring(curve(points, x_label="spread", y_label="NDCG"))
    circles = root.findall(f"{SVG}circle")
    across = [float(circle.get("cx")) for circle in circles]
    down = [float(circle.get("cy")) for circle in circles]
    assert across == sorted(across)
    assert down == sorted(down)
    assert len(set(across)) == len(set(down)) == 3
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert {"0", "0.5", "1", "spread", "NDCG"} <= set(texts)
    assert root.find(f"{SVG}title").text == "NDCG against spread"
    width, height = map(float, root.get("viewBox").split()[2:])
    assert 0 < min(across) < max(across) < width
    assert 0 < min(down) < max(down) < height
