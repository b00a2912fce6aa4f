use super::*;
use crate::testing::{Waiting, create, expired, hand_in, import, write};

fn single(queue: &Queue) -> Result<Waiting<'_>, WriteError> {
    hand_in(queue, write(create("A")))
}

fn bulk(queue: &Queue, rows: usize) -> Result<Waiting<'_>, WriteError> {
    hand_in(queue, write(import("A", rows)))
}

/// How many rows each write of each batch has.
fn shape(batches: &[Vec<Job>]) -> Vec<Vec<usize>> {
    let rows = |batch: &Vec<Job>| batch.iter().map(|job| job.rows.count).collect();
    batches.iter().map(rows).collect()
}

fn answer_all(batches: Vec<Vec<Job>>) {
    for job in batches.into_iter().flatten() {
        job.answer(Ok(Outcome::Deleted));
    }
}

#[test]
fn what_waits_shares_a_batch_of_so_many_writes() {
    let (queue, mut intake) = Queue::new();
    let _waiting: Vec<_> = (0..300).map(|_| single(&queue).ok().unwrap()).collect();
    assert_eq!(shape(&intake.next().unwrap()), [vec![1; 256]]);
    assert_eq!(shape(&intake.next().unwrap()), [vec![1; 44]]);
}

#[test]
fn a_batch_ends_early_when_its_rows_are_many() {
    let (queue, mut intake) = Queue::new();
    let _waiting: Vec<_> = (0..40).map(|_| bulk(&queue, 200).ok().unwrap()).collect();
    assert_eq!(shape(&intake.next().unwrap()), [vec![200; 25]]);
    assert_eq!(shape(&intake.next().unwrap()), [vec![200; 15]]);
}

#[test]
fn small_writes_wait_for_one_large_one_at_most() {
    let (queue, mut intake) = Queue::new();
    let mut waiting: Vec<_> = [10_000, 10_000, 10_000].map(|rows| bulk(&queue, rows)).into();
    waiting.push(single(&queue));
    waiting.push(single(&queue));
    assert_eq!(shape(&intake.next().unwrap()), [vec![1, 1], vec![10_000]]);
    waiting.push(single(&queue));
    assert_eq!(shape(&intake.next().unwrap()), [vec![1], vec![10_000]]);
    assert_eq!(shape(&intake.next().unwrap()), [vec![10_000]]);
}

#[test]
fn a_full_queue_refuses_until_there_is_room() {
    let (queue, mut intake) = Queue::new();
    let _waiting: Vec<_> = (0..MAX_WAITING_JOBS).map(|_| single(&queue).ok().unwrap()).collect();
    assert!(matches!(single(&queue).err(), Some(WriteError::QueueFull)));
    answer_all(intake.next().unwrap());
    assert!(single(&queue).is_ok());
}

#[test]
fn writes_wait_until_they_are_begun_wherever_that_is() {
    let (queue, mut intake) = Queue::new();
    let _waiting: Vec<_> = (0..MAX_WAITING_JOBS).map(|_| single(&queue).ok().unwrap()).collect();
    let taken: Vec<Job> = std::iter::from_fn(|| intake.waiting_job()).collect();
    assert_eq!((taken.len(), queue.waiting().0), (MAX_WAITING_JOBS, MAX_WAITING_JOBS));
    assert!(matches!(single(&queue).err(), Some(WriteError::QueueFull)));
    let _begun = begun(taken);
    assert_eq!(queue.waiting(), (0, MAX_WAITING_JOBS));
    assert!(single(&queue).is_ok());
}

#[test]
fn rows_that_wait_are_bounded_too() {
    let (queue, mut intake) = Queue::new();
    let _waiting: Vec<_> = (0..10).map(|_| bulk(&queue, 10_000).ok().unwrap()).collect();
    for _ in 0..3 {
        assert!(matches!(bulk(&queue, 10_000).err(), Some(WriteError::QueueFull)));
        assert!(matches!(single(&queue).err(), Some(WriteError::QueueFull)));
    }
    answer_all(intake.next().unwrap());
    let _more = bulk(&queue, 9_999).ok().unwrap();
    let _last = single(&queue).ok().unwrap();
    assert!(matches!(single(&queue).err(), Some(WriteError::QueueFull)));
}

#[test]
fn a_write_of_more_rows_than_may_wait_goes_when_nothing_else_does() {
    let (queue, mut intake) = Queue::new();
    let _waiting = bulk(&queue, MAX_WAITING_ROWS + 1).ok().unwrap();
    assert!(matches!(single(&queue).err(), Some(WriteError::QueueFull)));
    answer_all(intake.next().unwrap());
    assert!(single(&queue).is_ok());
}

#[test]
fn a_write_past_its_deadline_is_told_so_and_not_handed_out() {
    let (queue, mut intake) = Queue::new();
    let mut live = single(&queue).ok().unwrap();
    let mut late = hand_in(&queue, expired(create("B"))).ok().unwrap();
    let batch = intake.next().unwrap().remove(0);
    assert_eq!(shape(&[begun(batch)]), [[1]]);
    assert!(matches!(late.answer(), Some(Err(WriteError::Expired))));
    // Its job went out of hand without an answer, which is not the same as being refused.
    assert!(matches!(live.answer(), Some(Err(WriteError::Store(_)))));
}

#[test]
fn a_closed_queue_refuses_what_comes_and_gives_what_is_there() {
    let (queue, mut intake) = Queue::new();
    let _waiting = [bulk(&queue, 300), bulk(&queue, 300), single(&queue)];
    queue.close();
    assert!(matches!(single(&queue).err(), Some(WriteError::Store(StoreError::Unavailable(_)))));
    assert_eq!(shape(&intake.next().unwrap()), [vec![1], vec![300]]);
    assert_eq!(shape(&intake.next().unwrap()), [[300]]);
    assert!(intake.next().is_none());
}
