//! Geometry: nothing stands upon anything else, and nothing leaves the picture.

use super::canvas::Area;
use super::{scale, text, treemap};

#[test]
fn an_axis_ends_at_a_round_number() {
    for (largest, end) in
        [(0, 1), (1, 1), (3, 3), (7, 7), (8, 8), (60_256, 80_000), (710_000, 800_000), (10_000, 10_000)]
    {
        let scale = scale::up_to(largest, 5);
        assert_eq!(scale.end, end, "{largest}: {:?}", scale.marks);
        assert!(scale.marks.len() <= 10 && scale.marks.first() == Some(&0), "{:?}", scale.marks);
        assert_eq!(scale.marks.last(), Some(&scale.end));
    }
    assert!(scale::up_to(i64::MAX, 5).marks.len() < 12);
}

#[test]
fn labels_keep_their_distance() {
    assert_eq!(scale::every(10, 50.0, 800.0), 1);
    assert_eq!(scale::every(30, 80.0, 800.0), 3);
    assert_eq!(scale::every(0, 80.0, 800.0), 1);
}

#[test]
fn text_fits_where_it_is_put() {
    let name = "新疆维吾尔自治区克孜勒苏柯尔克孜自治州";
    for room in [5.0, 30.0, 60.0, 200.0, 400.0] {
        let fit = text::fit(name, 14.0, room);
        assert!(fit.is_empty() || text::width(&fit, 14.0) <= room, "{room}: {fit}");
        for line in text::wrapped(name, 14.0, room, 3) {
            assert!(text::width(&line, 14.0) <= room, "{room}: {line}");
        }
    }
    assert_eq!(text::wrapped("National Audit Office RA", 14.0, 110.0, 3), ["National Audit", "Office RA"]);
    assert_eq!(text::wrapped("四川", 14.0, 110.0, 3), ["四川"]);
}

/// Areas are as large as their numbers, stay inside, and none covers another.
#[test]
fn rectangles_fill_the_whole_and_share_nothing() {
    let values = [900.0, 400.0, 220.0, 220.0, 90.0, 33.0, 7.0, 1.0, 1.0];
    let whole = Area { x: 0.0, y: 0.0, width: 960.0, height: 540.0 };
    let areas = treemap::squarified(&values, whole);
    assert_eq!(areas.len(), values.len());
    let unit = 960.0 * 540.0 / values.iter().sum::<f64>();
    for (area, value) in areas.iter().zip(values) {
        assert!((area.width * area.height - value * unit).abs() < 1e-6 * unit * value, "{area:?}");
        assert!(area.x >= -1e-9 && area.y >= -1e-9, "{area:?}");
        assert!(area.x + area.width < 960.0 + 1e-6 && area.y + area.height < 540.0 + 1e-6, "{area:?}");
    }
    for (n, a) in areas.iter().enumerate() {
        for b in &areas[n + 1..] {
            let wide = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
            let tall = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
            assert!(wide < 1e-6 || tall < 1e-6, "{a:?} and {b:?}");
        }
    }
    assert!(treemap::squarified(&[], whole).is_empty());
    assert!(treemap::squarified(&[0.0], whole).is_empty());
}
